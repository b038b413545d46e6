package exposition_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// agree wants the same samples from the page and from a host's page with the
// Collector on it.
func agree(t *testing.T, r *registry.Registry) {
	t.Helper()
	host := prometheus.NewPedanticRegistry()
	if err := host.Register(exposition.Collector(r)); err != nil {
		t.Fatal(err)
	}
	collected := scrape(t, promhttp.HandlerFor(host, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}), "")
	want := samples(families(t, strings.NewReader(collected)))
	for _, accept := range []string{"", acceptText100} {
		got := samples(families(t, strings.NewReader(page(t, r, accept))))
		differ(t, "the page beside the Collector's", got, want)
	}
}

// Registries of chance: some nodes with each of two mappings, some expected,
// some down, with families and labels of chance.
func TestCollectorAgrees(t *testing.T) {
	const old = `
families:
  - {name: a_gauge, help: "the old help", path: a}
  - {name: b_total, type: counter, help: "b", path: b.*, keyLabel: key}
  - {name: dropped, help: "only of old", path: d}
`
	const turned = `
families:
  - {name: a_gauge, help: "the new \\ help", path: a}
  - {name: b_total, type: counter, help: "b", path: b.*, keyLabel: other}
  - {name: c_info, help: "c", path: c, value: 1, labels: {x: x, z: z}}
  - {name: zz, help: "z", path: z}
`
	for seed := range int64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewSource(seed))
			r := newRegistry(t, registry.Options{ExpectGrace: time.Nanosecond, NodeTTL: time.Hour,
				Overrides: []registry.Override{{Nodes: "down*", TTL: time.Nanosecond}}})
			text := func() string {
				b := make([]rune, 1+random.Intn(5))
				for i := range b {
					b[i] = []rune(`ab"\{}=, é漢` + "\n")[random.Intn(12)]
				}
				return string(b)
			}
			number := func() string {
				return []string{"0", "-1", "1.5e300", `"NaN"`, `"+Inf"`, `"-Inf"`, "12345678901234567890"}[random.Intn(7)]
			}
			mappings := []*mapping.Mapping{parse(t, old), parse(t, turned)}
			for i := range random.Intn(200) {
				node := fmt.Sprint([]string{"up", "down", `q"\`}[random.Intn(3)], i)
				switch random.Intn(5) {
				case 0:
					if err := r.Expect(node); err != nil {
						t.Fatal(err)
					}
				default:
					members := []string{`"a": ` + number()}
					for _, member := range []string{
						fmt.Sprintf(`"b": {%q: %s, "k": %s}`, "k"+text(), number(), number()),
						fmt.Sprintf(`"c": {"x": %q, "z": %q}`, text(), text()),
						`"d": ` + number(), `"z": ` + number(),
					} {
						if random.Intn(2) == 0 {
							members = append(members, member)
						}
					}
					put(t, r, mappings[random.Intn(2)], node, "{"+strings.Join(members, ",")+"}")
				}
				if random.Intn(20) == 0 {
					r.Sweep()
				}
			}
			agree(t, r)
		})
	}
}
