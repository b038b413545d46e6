package docs

import (
	"math"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
)

// TestFigures holds what the documents say of the size of a page to a page of the
// simulated nodes that `make run` shows.
func TestFigures(t *testing.T) {
	c := nodemetrics.DefaultConfig()
	c.Host = prometheus.NewRegistry()
	m, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	const nodes = 50
	f := fleet.New(fleet.Options{Nodes: nodes})
	for i := range nodes {
		msg := model.NewMessage("").
			BuildRouter("bus", "user", "node/"+f.Name(i)+"/default/user/sysinfo", model.UploadOperation).
			FillBody(f.AppendJSON(nil, i, time.Now(), 10*time.Second))
		if _, err := m.Handle(msg); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	lines := 0
	bytes := 0
	for _, line := range strings.SplitAfter(w.Body.String(), "\n") {
		if strings.HasPrefix(line, "edge_node_") {
			lines++
			bytes += len(line)
		}
	}
	series, size := float64(lines)/nodes, float64(bytes)/nodes

	figures := func(file, pattern string) (all []float64) {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(documents(t)[file])
		if found == nil {
			t.Fatalf("%s has nothing like %s", file, pattern)
		}
		for _, text := range found[1:] {
			v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
		return all
	}
	near := func(what string, said, is float64) {
		t.Helper()
		if math.Abs(said-is) > 0.05*is {
			t.Errorf("%s: %v is said, it is %v", what, said, is)
		}
	}
	run := figures("README.md", `([\d,]+) nodes fresh, 0 expired; ([\d,]+) series`)
	near("README.md: series of a node", run[1]/run[0], series)
	page := figures("docs/scrapers.md", `about ([\d,]+) kB for each node of ([\d,]+) series, [^:]*: ([\d,]+) nodes are above 16 MiB`)
	near("docs/scrapers.md: kB of a node", page[0], math.Round(size/1e3))
	near("docs/scrapers.md: series of a node", page[1], series)
	if least := 16 * (1 << 20) / size; page[2] < least || page[2] > 1.2*least {
		t.Errorf("docs/scrapers.md: %v nodes are said to be above 16 MiB, which are reached by %.0f", page[2], least)
	}
}
