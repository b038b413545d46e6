package nodemetrics

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// pendingTime is how long a report over its node's rate waits at most. So a node
// that sends too much costs two decoded reports a second more than the limit, and
// its newest one is on the page within a second.
const pendingTime = 500 * time.Millisecond

// pending holds, of every node that is over its rate, the newest report.
type pending struct {
	mu    sync.Mutex
	held  map[string]held // by node
	count atomic.Int64    // of held
	bytes int
	timed bool // a timer is running that will empty held
}

// held is a report that waits.
type held struct {
	resource string
	sent     int64 // as the message's header has it, in milliseconds; 0 if it has not
	content  []byte
	received time.Time
}

// heldBytes is what a report that waits takes beside its content.
const heldBytes = 256

func (h *held) size() int { return len(h.content) + len(h.resource) + heldBytes }

// hold keeps a copy of a report in the place of the node's older one, or says why
// not. most is how many bytes all of them may take. It returns how many others
// gave way; when none waits yet, it has flush called soon.
func (p *pending) hold(node string, h held, most int, flush func()) (gone []string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, replaces := p.held[node]
	if replaces && overtaken(h.sent, old.sent) {
		return nil, false
	}
	room := most - p.bytes
	if replaces {
		room += old.size()
	}
	for room < h.size() {
		larger, size := p.larger(node, h.size())
		if size == 0 {
			return nil, false // the node keeps what it has: better than nothing
		}
		p.remove(larger)
		gone, room = append(gone, larger), room+size
	}
	if replaces {
		p.remove(node)
		gone = append(gone, node)
	}
	h.content, h.resource = slices.Clone(h.content), strings.Clone(h.resource)
	if p.held == nil {
		p.held = map[string]held{}
	}
	p.held[strings.Clone(node)] = h
	p.bytes += h.size()
	p.count.Store(int64(len(p.held)))
	if !p.timed {
		p.timed = true
		time.AfterFunc(pendingTime, flush)
	}
	return gone, true
}

// overtaken reports whether a message was sent before another that came earlier,
// by so little that it was overtaken on its way.
func overtaken(sent, before int64) bool {
	const most = 10_000 // milliseconds; see registry.Put
	behind := before - sent
	return sent != 0 && before != 0 && behind > 0 && behind <= most
}

// larger returns one of the largest reports, but node's, if it is larger than
// size. It looks at some of them only.
func (p *pending) larger(node string, size int) (name string, found int) {
	looks := 32
	for n, h := range p.held {
		if s := h.size(); n != node && s > size && s > found {
			name, found = n, s
		}
		if looks--; looks == 0 {
			break
		}
	}
	return name, found
}

func (p *pending) remove(node string) {
	if h, ok := p.held[node]; ok {
		p.bytes -= h.size()
		delete(p.held, node)
		p.count.Store(int64(len(p.held)))
	}
}

// drop lets go of a node's report that waits, because a newer one came or the node
// was deleted. It returns whether there was one.
func (p *pending) drop(node string) bool {
	if p.count.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.held[node]
	p.remove(node)
	return ok
}

// next takes out a report that has waited; the timer ends with the last.
func (p *pending) next() (held, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, h := range p.held {
		p.remove(node)
		return h, true
	}
	p.held, p.timed = nil, false // a map does not shrink
	return held{}, false
}

func (p *pending) used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// hold has a report that is over its node's rate wait for its turn.
func (m *Module) hold(node string, msg *model.Message, received time.Time, limited error) error {
	encoded := isEncoded(msg.Content)
	if !encoded {
		if err := m.encodings.check(node); err != nil {
			return err
		}
	}
	content, err := m.decoder.Load().JSON(msg.Content)
	if err != nil {
		return err
	}
	if !encoded {
		m.encodings.encoded(node, len(content))
	}
	gone, ok := m.pending.hold(node, held{msg.Router.Resource, msg.Header.Timestamp, content, received},
		m.config.Load().Limits.pendingBytes(), m.flush)
	for range gone {
		m.superseded(msg.Router.Resource, limited)
	}
	if !ok {
		return limited
	}
	return errHeld
}

// errHeld says that a report waits. It is counted when it is its turn.
var errHeld = errors.New("the report waits for its turn")

// superseded counts a report that waited until another took its place.
func (m *Module) superseded(resource string, limited error) {
	m.metrics.rejected[string(registry.RateLimited)].Inc()
	m.refusals.note(string(registry.RateLimited), resource, limited)
}

// flush takes in all reports that wait.
func (m *Module) flush() {
	for {
		h, ok := m.pending.next()
		if !ok {
			return
		}
		msg := &model.Message{Content: h.content}
		msg.Router.Resource, msg.Header.Timestamp = h.resource, h.sent
		_ = m.handle(msg, h.received, true) // counted there
	}
}
