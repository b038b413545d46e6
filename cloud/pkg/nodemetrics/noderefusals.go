package nodemetrics

import (
	"strings"
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

// mostRefusedNodes is of how many nodes the newest rejected report is remembered,
// with an error of at most mostRefusalText bytes: some 2 MB in all.
const (
	mostRefusedNodes = 4096
	mostRefusalText  = 300
)

// nodeRefusals keeps the newest rejected report of the nodes that had one last.
type nodeRefusals struct {
	mu   sync.Mutex
	last map[string]statuspage.Rejection
	ring []string // their names, in the order in which they came
	next int      // where in ring the next one goes, once it is full
}

// note keeps a rejection, unless that of the node is younger than exampleAge: a node
// that floods costs little.
func (r *nodeRefusals) note(node, reason string, err error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	old, known := r.last[node]
	if known && old.Reason == reason && now.Sub(old.Time) < exampleAge {
		return
	}
	text := err.Error()
	if len(text) > mostRefusalText {
		text = text[:mostRefusalText] + "…"
	}
	if r.last == nil {
		r.last = map[string]statuspage.Rejection{}
	}
	if !known {
		node = strings.Clone(node) // the message is not kept
		if len(r.ring) < mostRefusedNodes {
			r.ring = append(r.ring, node)
		} else {
			delete(r.last, r.ring[r.next])
			r.ring[r.next] = node
			r.next = (r.next + 1) % mostRefusedNodes
		}
	}
	r.last[node] = statuspage.Rejection{Time: now, Reason: reason, Error: text}
}

// get returns the newest one of a node.
func (r *nodeRefusals) get(node string) (statuspage.Rejection, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, ok := r.last[node]
	return one, ok
}
