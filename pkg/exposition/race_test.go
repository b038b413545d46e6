package exposition_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/registry/registrytest"
)

var validLine = regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|# EOF|[a-z_]+\{node="n\d+"(,key="[a-z]")?\} [0-9.-]+)$`)

// Whatever comes while a page is written, it has valid lines only, each family
// once, and each node with the samples of one report.
func TestPageConcurrently(t *testing.T) {
	r := newRegistry(t, registry.Options{NodeTTL: time.Millisecond, Retention: time.Millisecond})
	mappings := []*mapping.Mapping{
		parse(t, `families: [{name: a, help: "a", path: v.*, keyLabel: key}, {name: z, help: "z", path: z}]`),
		parse(t, `families: [{name: a, help: "new", path: v.*, keyLabel: key}, {name: m_total, type: counter, help: "m", path: z}]`),
	}
	h := exposition.NewHandler(r, exposition.HandlerOptions{})
	var reporters, scrapers sync.WaitGroup
	ended := make(chan struct{})
	for i := range 2 {
		scrapers.Add(2)
		go func() {
			defer scrapers.Done()
			for {
				select {
				case <-ended:
					return
				default:
					valid(t, h, []string{"", acceptOpenMetrics}[i])
				}
			}
		}()
		go func() {
			defer scrapers.Done()
			host := prometheus.NewPedanticRegistry()
			host.MustRegister(exposition.Collector(r))
			for {
				select {
				case <-ended:
					return
				default:
					if _, err := host.Gather(); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		reporters.Add(1)
		go func() {
			defer reporters.Done()
			for round := range 1000 {
				report := registrytest.Decode(t, mappings[round%2], fmt.Sprintf(`{"v": {"x": %d, "y": %[1]d}, "z": %[1]d}`, round))
				// Of two reports of a node, the one that a busy machine held up is late.
				var refusal *registry.Refusal
				if err := r.Put(fmt.Sprint("n", round%7), report); err != nil && !(errors.As(err, &refusal) && refusal.Reason == registry.Late) {
					t.Error(err)
				}
				if round%50 == 0 {
					r.Sweep()
					r.Forget("n0")
					r.Connected("n0") // so that it may report at once
				}
			}
		}()
	}
	reporters.Wait()
	close(ended)
	scrapers.Wait()
}

func valid(t *testing.T, h http.Handler, accept string) {
	types, series, values := map[string]bool{}, map[string]bool{}, map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(scrape(t, h, accept), "\n"), "\n") {
		if line == "" {
			continue // of an empty page
		}
		if !validLine.MatchString(line) {
			t.Errorf("a line %q", line)
		}
		if typ, ok := strings.CutPrefix(line, "# TYPE "); ok && types[typ] {
			t.Errorf("a second line %q", line)
		} else if ok {
			types[typ] = true
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		if series[name] {
			t.Errorf("a second series %s", name)
		}
		series[name] = true
		if family, labels, _ := strings.Cut(name, "{"); family == "a" || family == "z" || family == "m_total" {
			node, _, _ := strings.Cut(labels, ",")
			node = strings.TrimSuffix(node, "}")
			if values[node] == "" {
				values[node] = value
			}
			if values[node] != value {
				t.Errorf("%s has the values %s and %s at once", node, values[node], value)
			}
		}
	}
}
