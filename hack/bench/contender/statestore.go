package contender

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/common/expfmt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kube-state-metrics/v2/pkg/metric"
	metricsstore "k8s.io/kube-state-metrics/v2/pkg/metrics_store"
)

// stateStore is kube-state-metrics' store: text rendered when an object
// changes, copied at a scrape.
type stateStore struct {
	store   *metricsstore.MetricsStore
	writers metricsstore.MetricsWriterList
}

// nodeObject is the Kubernetes object that the store wants.
type nodeObject struct {
	metav1.ObjectMeta
	values Values
}

func newStateStore(Options) (Contender, error) {
	var headers []string
	for _, f := range Families {
		headers = append(headers, "# HELP "+f.Name+" "+help+"\n# TYPE "+f.Name+" gauge")
	}
	s := &stateStore{store: metricsstore.NewMetricsStore(headers, families)}
	s.writers = metricsstore.MetricsWriterList{metricsstore.NewMetricsWriter("nodes", s.store)}
	return s, nil
}

func families(object interface{}) []metric.FamilyInterface {
	o := object.(*nodeObject)
	out := make([]metric.FamilyInterface, 0, len(Families))
	for i := range Families {
		f := &Families[i]
		keys := append(f.Labels[:len(f.Labels):len(f.Labels)], "node")
		metrics := make([]*metric.Metric, 0, len(f.Series))
		for _, k := range f.Series {
			metrics = append(metrics, &metric.Metric{LabelKeys: keys, LabelValues: labelValues(o.Name, k), Value: o.values[k]})
		}
		out = append(out, &metric.Family{Name: f.Name, Type: metric.Gauge, Metrics: metrics})
	}
	return out
}

func (s *stateStore) Prepare(r Report) func() error {
	return func() error {
		return s.store.Update(&nodeObject{ObjectMeta: metav1.ObjectMeta{Name: r.Node, UID: types.UID(r.Node)}, values: r.Values})
	}
}

// Handler does what kube-state-metrics' own handler does once its stores are
// known; that handler cannot be had without an API server.
func (s *stateStore) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := expfmt.NewFormat(expfmt.TypeTextPlain)
		w.Header().Set("Content-Type", string(format))
		var out io.Writer = w
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			compressor := gzip.NewWriter(w)
			defer compressor.Close()
			out = compressor
		}
		for _, writer := range metricsstore.SanitizeHeaders(format, s.writers) {
			if err := writer.WriteAll(out); err != nil {
				return
			}
		}
	})
}
