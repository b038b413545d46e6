package exposition

import (
	"io"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// What the tests in package exposition_test use.
const (
	Text004     = text004
	OpenMetrics = openMetrics
)

// WriteNodes writes the families of all nodes in s to w, in writes of up to
// 64 KiB.
func WriteNodes(w io.Writer, s *registry.Snapshot, format format) error {
	p := begin(w, chunk)
	p.nodes(s, columns(s), format)
	_, err := p.end()
	return err
}
