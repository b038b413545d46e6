package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// parts are what cloudcore spends a report's time on. A sample belongs to the first
// whose text is in the name of a function that was running; the router calls this
// module's Handle, so that comes first.
var parts = []struct{ name, text string }{
	{"edgegauge, reports", "nodemetrics.(*Module).Handle"},
	{"pages", "net/http.(*conn).serve"},
	{"router", "kubeedge/cloud/pkg/router"},
	{"cloudhub", "kubeedge/cloud/pkg/cloudhub"},
	{"sessions with edges", "viaduct"},
	{"collecting garbage", "runtime.gcBgMarkWorker"},
}

// costOfAReport has cloudcore profiled while reports come, and says what each
// cost it, and how much of that is this module's. Times are not asserted.
func (s *suite) costOfAReport(t *testing.T, storm func()) {
	t.Helper()
	const seconds = 6
	received := fmt.Sprintf(`nodemetrics_reports_total{instance=%q}`, s.cloudcores[0].MetricsAddress())
	type taken struct {
		profile *profile.Profile
		reports float64
		err     error
	}
	done := make(chan taken, 1)
	go func() {
		var all taken
		before, err := s.value("sum(" + received + ")")
		if err == nil {
			all.profile, err = s.cloudcores[0].CPUProfile(seconds)
		}
		if err == nil {
			all.reports, err = s.value("sum(" + received + ")")
		}
		all.reports -= before
		all.err = err
		done <- all
	}()
	storm()
	all := <-done
	if all.err != nil {
		t.Fatal(all.err)
	}
	spent := map[string]int64{}
	var total int64
	for _, sample := range all.profile.Sample {
		ns := sample.Value[len(sample.Value)-1]
		spent[partOf(sample)] += ns
		total += ns
	}
	t.Logf("%.0f reports in %d s took cloudcore %.3g µs of a processor each:", all.reports, seconds, float64(total)/1e3/all.reports)
	for name, ns := range spent {
		t.Logf("  %-20s %6.1f µs  %3.0f %%", name, float64(ns)/1e3/all.reports, 100*float64(ns)/float64(total))
	}
	if all.reports < 100 || total == 0 {
		t.Errorf("the profile shows nothing: %v reports, %v", all.reports, spent)
	}
}

func partOf(sample *profile.Sample) string {
	for _, part := range parts {
		for _, location := range sample.Location {
			for _, line := range location.Line {
				if strings.Contains(line.Function.Name, part.text) {
					return part.name
				}
			}
		}
	}
	return "the rest of cloudcore"
}
