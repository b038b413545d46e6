package report

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// explain decodes a message by a mapping as a cloud with default settings
// does, and fails where it refuses the message.
func explain(t *testing.T, m *mapping.Mapping, message []byte) *mapping.Explanation {
	t.Helper()
	decoder, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	explanation, err := decoder.Explain(message)
	if err != nil {
		t.Fatalf("the cloud refuses the report: %v", err)
	}
	return explanation
}

func series(e *mapping.Explanation) map[string]string {
	out := map[string]string{}
	for _, s := range e.Samples {
		out[s.Series] = s.Value
	}
	return out
}

// A cloud of the first release takes a report of today and shows what it
// knows of it.
func TestAnOlderCloudTakesTheReport(t *testing.T) {
	text, err := os.ReadFile("testdata/first-release.yaml")
	if err != nil {
		t.Fatal(err)
	}
	older, err := mapping.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	message := fleet.New(fleet.Options{Nodes: 1}).AppendJSON(nil, 0, time.Unix(1.8e9, 0), time.Minute)
	got, all := series(explain(t, older, message)), series(explain(t, mapping.Version1(), message))
	if len(got) < 40 || len(all) <= len(got) {
		t.Errorf("%d samples of %d: the fleet sends nothing new, or the older cloud takes nothing", len(got), len(all))
	}
	for name, value := range got {
		if now, ok := all[name]; !ok || now != value {
			t.Errorf("%s is %v for the older cloud, %v (there: %v) for today's", name, value, now, ok)
		}
	}
}

// A cloud of today shows all of a report of the first release's reporter.
func TestAnOlderReportIsTaken(t *testing.T) {
	message, err := os.ReadFile("testdata/first-release.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/first-release.yaml")
	if err != nil {
		t.Fatal(err)
	}
	older, err := mapping.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(message) {
		t.Fatal("not JSON")
	}
	then, now := explain(t, older, message), explain(t, mapping.Version1(), message)
	if len(now.Ignored) > 0 {
		t.Errorf("ignored: %v", now.Ignored)
	}
	want, got := series(then), series(now)
	if len(want) < 40 || len(got) != len(want) {
		t.Errorf("%d samples, were %d", len(got), len(want))
	}
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s is %v (there: %v), was %v", name, v, ok, value)
		}
	}
}
