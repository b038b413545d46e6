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
	mu sync.Mutex
	// due are those of the flush under way, waiting those of the next one: what
	// comes while a flush decodes waits its time, or a flood would be decoded as
	// fast as it comes. A node is in one of them at most.
	due, waiting map[string]held // by node
	count        atomic.Int64    // of both
	bytes        int
	timed        bool // a flush is under way, or a timer will begin one
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
	to, old, replaces := p.find(node)
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
	if !replaces {
		if p.waiting == nil {
			p.waiting = map[string]held{}
		}
		to = p.waiting
	}
	to[strings.Clone(node)] = h
	p.bytes += h.size()
	p.count.Add(1)
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
	for _, all := range []map[string]held{p.waiting, p.due} {
		looks := 32
		for n, h := range all {
			if s := h.size(); n != node && s > size && s > found {
				name, found = n, s
			}
			if looks--; looks == 0 {
				break
			}
		}
	}
	return name, found
}

// find returns a node's report that waits, and where it is.
func (p *pending) find(node string) (in map[string]held, h held, ok bool) {
	if h, ok = p.due[node]; ok {
		return p.due, h, true
	}
	h, ok = p.waiting[node]
	return p.waiting, h, ok
}

// remove takes out a node's report, and returns whether there was one.
func (p *pending) remove(node string) bool {
	in, h, ok := p.find(node)
	if ok {
		p.bytes -= h.size()
		delete(in, node)
		p.count.Add(-1)
	}
	return ok
}

// drop lets go of a node's report that waits, because a newer one came or the node
// was deleted. It returns whether there was one.
func (p *pending) drop(node string) bool {
	if p.count.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remove(node)
}

// begin begins a flush: it is the turn of all that wait.
func (p *pending) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due, p.waiting = p.waiting, nil
}

// next takes out a report whose turn it is. If there is none the flush is over, and
// flush is called again soon for what has come meanwhile.
func (p *pending) next(flush func()) (held, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, h := range p.due {
		p.remove(node)
		return h, true
	}
	p.due = nil // a map does not shrink
	if p.timed = len(p.waiting) > 0; p.timed {
		time.AfterFunc(pendingTime, flush)
	}
	return held{}, false
}

func (p *pending) used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// hold has a report that is over its node's rate wait for its turn.
func (m *Module) hold(node string, d delivery, limited error) error {
	msg := d.msg
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
	gone, ok := m.pending.hold(node, held{msg.Router.Resource, msg.Header.Timestamp, content, d.received},
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
	m.pending.begin()
	for {
		h, ok := m.pending.next(m.flush)
		if !ok {
			return
		}
		msg := &model.Message{Content: h.content}
		msg.Router.Resource, msg.Header.Timestamp = h.resource, h.sent
		_ = m.handle(msg, h.received, true) // counted there
	}
}
