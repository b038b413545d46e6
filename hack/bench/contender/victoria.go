package contender

import (
	"compress/gzip"
	"net/http"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// victoria is VictoriaMetrics' client library: one gauge per series, found by
// its whole name.
type victoria struct{ set *metrics.Set }

func newVictoria(Options) (Contender, error) { return &victoria{metrics.NewSet()}, nil }

func (v *victoria) Prepare(r Report) func() error {
	return func() error {
		var name []byte
		for k := range Layout {
			name = AppendSeries(name[:0], r.Node, &Layout[k])
			v.set.GetOrCreateGauge(string(name), nil).Set(r.Values[k])
		}
		return nil
	}
}

// Handler compresses with the standard library: the package leaves that to its
// caller.
func (v *victoria) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			v.set.WritePrometheus(w)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		compressor := gzip.NewWriter(w)
		defer compressor.Close()
		v.set.WritePrometheus(compressor)
	})
}
