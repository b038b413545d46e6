package conformance

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/prometheus/prometheus/model/textparse"
)

// FuzzPage puts foreign text into every place of a page that a node can write
// to.
func FuzzPage(f *testing.F) {
	f.Fuzz(func(t *testing.T, node, site, a, b, key, number string) {
		for _, s := range []*string{&node, &site, &a, &b, &key} {
			if *s = strings.ToValidUTF8(*s, ""); len(*s) > mapping.DefaultLimits.LabelValueBytes {
				t.Skip("longer than a label may be")
			}
		}
		if node == "" {
			t.Skip("a node has a name")
		}
		if _, err := json.Number(number).Float64(); err != nil || !json.Valid([]byte(number)) {
			number = "1"
		}
		w := newWorld(t)
		w.report(node, site,
			[]labeled{{number, map[string]string{"a": a, "b": b}}, {"2", map[string]string{"a": b, "b": a}}},
			[]labeled{{number, map[string]string{"x": a, "y": b}}},
			map[string]string{key: number})
		w.report(node+"2", "", nil, nil, map[string]string{key + "2": number})
		for _, accept := range []string{"Prometheus 3", "Prometheus 3, text 1.0.0 alone", "curl"} {
			w.check(accepts[accept].header, "identity", accepts[accept].contentType, textparse.ParserOptions{})
		}
	})
}

func TestFuzzSeeds(t *testing.T) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", "FuzzPage", "*"))
	if err != nil || len(seeds) < 3 {
		t.Errorf("%d seeds (%v), want 3 or more", len(seeds), err)
	}
}
