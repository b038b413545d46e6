package nodemetrics

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
)

// Whatever the edge sends is either on the page, which stays readable, or
// refused for a reason that is not a bug.
func FuzzHandle(f *testing.F) {
	if seeds, err := os.ReadDir("testdata/fuzz/FuzzHandle"); err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	f.Fuzz(func(t *testing.T, resource string, header int64, content []byte) {
		for _, identity := range []string{IdentitySession, IdentityPayload} {
			m := newModule(t, func(c *Config) { c.Identity, c.NodeNameField = identity, "node" })
			msg := message("", content)
			msg.Router.Resource, msg.Header.Timestamp = resource, header
			_, err := m.Handle(msg)
			if err != nil && (reasonOf(err) == reasonInternal || reasonOf(err) == reasonNotMessage) {
				t.Errorf("%s: %v", reasonOf(err), err)
			}
			text := page(m)
			if (err == nil) != strings.Contains(text, "\nedge_node_up{") {
				t.Errorf("with the error %v the page is\n%s", err, text)
			}
			if _, err := new(expfmt.TextParser).TextToMetricFamilies(strings.NewReader(text)); err != nil {
				t.Errorf("%v in\n%s", err, text)
			}
			get(m, "/")
		}
	})
}
