package nodemetrics

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"
)

// account counts a message that was handled. It returns true for the first rejection
// per reason per second.
func (m *Module) account(msg *model.Message, start time.Time, err error) (noted bool) {
	x := m.metrics
	x.duration.Observe(time.Since(start).Seconds())
	if !m.heard.Load() { // a load is shared by all, a store is not
		m.heard.Store(true)
	}
	if msg != nil {
		if size, encoded := sizeOf(msg.Content); encoded {
			x.bytes.Observe(float64(size))
		}
	}
	if err == nil {
		x.accepted.Inc()
		return false
	}
	reason := reasonOf(err)
	x.rejected[reason].Inc()
	resource := ""
	if msg != nil {
		resource = msg.Router.Resource
	}
	if klog.V(4).Enabled() {
		klog.V(4).InfoS("Report rejected", "resource", resource, "reason", reason, "err", err)
	}
	var inside *claimedError
	if node, ok := nodeOf(resource); ok && reason != reasonBadNode {
		m.nodeRefusals.note(node, reason, err)
	} else if errors.As(err, &inside) && m.registry.Knows(inside.node) {
		// Anyone may claim any name: those of nodes that there are not would push out
		// what is remembered of the others.
		m.nodeRefusals.note(inside.node, reason, err)
	}
	return m.refusals.note(reason, resource, err)
}

// sizeOf returns how long content is that came encoded, as bytes or text.
func sizeOf(content any) (size int, encoded bool) {
	switch c := content.(type) {
	case []byte:
		return len(c), true
	case json.RawMessage:
		return len(c), true
	case string:
		return len(c), true
	}
	return 0, false
}

// isEncoded reports whether content is bytes or text.
func isEncoded(content any) bool {
	_, encoded := sizeOf(content)
	return encoded
}
