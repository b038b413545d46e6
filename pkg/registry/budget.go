package registry

import (
	"fmt"
	"sync/atomic"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// use is what a node takes of what there is for all: lines on the page, and bytes
// of the page. A block takes less memory than its lines take on the page.
type use struct{ series, bytes int64 }

func (u use) plus(v use) use  { return use{u.series + v.series, u.bytes + v.bytes} }
func (u use) minus(v use) use { return use{u.series - v.series, u.bytes - v.bytes} }
func (u use) within(v use) bool {
	return u.series <= v.series && u.bytes <= v.bytes
}

// positive returns u without what is below zero.
func (u use) positive() use { return use{max(u.series, 0), max(u.bytes, 0)} }

// atLeast returns the greater of u and v in each part.
func (u use) atLeast(v use) use { return use{max(u.series, v.series), max(u.bytes, v.bytes)} }

// budget is what all nodes take together.
type budget struct{ series, bytes atomic.Int64 }

// take takes d, parts of which may be below zero, unless something that grows
// would be over the limit.
func (b *budget) take(d, limit use) bool {
	s, n := b.series.Add(d.series), b.bytes.Add(d.bytes)
	if d.series > 0 && s > limit.series || d.bytes > 0 && n > limit.bytes {
		b.give(d)
		return false
	}
	return true
}

// now returns what is taken.
func (b *budget) now() use { return use{b.series.Load(), b.bytes.Load()} }

// give gives d back.
func (b *budget) give(d use) {
	b.series.Add(-d.series)
	b.bytes.Add(-d.bytes)
}

// limit returns what all nodes may take together.
func (o *Options) limit() use { return use{int64(o.Series), o.Bytes} }

// share returns what one of so many nodes can always have.
func (o *Options) share(nodes int64) use {
	nodes = max(nodes, 1)
	return use{int64(o.Series) / nodes, o.Bytes / nodes}
}

// use returns what n takes.
func (n *node) use() use { return use{int64(n.samples) + int64(n.status), int64(n.bytes)} }

// fit returns how many of a report's samples a node may show that can have at most
// most, of which status lines take some.
func fit(name string, report *mapping.Report, status, most use) int {
	families := report.Mapping.Families()
	label := int64(len(labelBegin) + len(mapping.AppendEscaped(nil, name)) + len(labelEnd))
	u := status
	for i := range report.Samples {
		s := &report.Samples[i]
		end := len(s.Line())
		if len(s.Labels) > 0 {
			end++
		}
		u = u.plus(use{1, int64(len(families[s.Family].Name)) + label + int64(end)})
		if !u.within(most) {
			return i
		}
	}
	return len(report.Samples)
}

// makeRoom takes d of the nodes that have more than their share, and returns what
// it got, at least d if the nodes have so much. That is still counted as used.
func (r *Registry) makeRoom(d use) (got use) {
	r.room.Lock()
	defer r.room.Unlock()
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	o := r.options.Load()
	for i := 0; i < shardCount && !d.within(got); i++ {
		s := &r.shards[r.room.hand%shardCount]
		s.mu.Lock()
		share := o.share(r.nodes.Load())
		s.each(func(n *node) {
			if d.within(got) || n.mapping == nil {
				return
			}
			before := n.use()
			if before.series > share.series && got.series < d.series || before.bytes > share.bytes && got.bytes < d.bytes {
				most := before.minus(d.minus(got).positive()).atLeast(share)
				r.shed.Add(uint64(n.trim(w, most)))
				got = got.plus(before.minus(n.use()))
			}
		})
		s.mu.Unlock()
		if !d.within(got) {
			r.room.hand++
		}
	}
	return got
}

// trim drops samples of n, the last ones on the page, until what is left is within
// most. It returns how many it dropped.
func (n *node) trim(w *blockWriter, most use) int {
	keep := n.use()
	families := n.mapping.Families()
	node, lines := n.block.Split()
	ofStatus := n.mapping.Status()
	isStatus := func(family int) bool { return isOneOf(ofStatus[:], family) }
	// From which line on samples are dropped. The line that says how many are
	// may be new.
	const word = 20 // digits
	keep = keep.plus(use{1, int64(len(mapping.Status[mapping.StatusDropped].Name)+len(node)+len("} \n")) + word})
	var ends []use // of each sample, in the order of the page
	for rest := lines; len(rest) > 0; {
		family := rest.Family()
		var end []byte
		if end, rest = rest.Next(); !isStatus(family) {
			ends = append(ends, use{1, int64(len(families[family].Name) + len(node) + len(end))})
		}
	}
	dropped := 0
	for dropped < len(ends) && !keep.within(most) {
		dropped++
		keep = keep.minus(ends[len(ends)-dropped])
	}
	if dropped == 0 {
		return 0
	}
	n.dropped += int32(dropped)
	left := len(ends) - dropped
	w.beginLike(n.block, families)
	said := false
	say := func() {
		if !said {
			said = true
			w.status(ofStatus[mapping.StatusDropped], mapping.StatusDropped, status{dropped: n.dropped})
		}
	}
	for rest := lines; len(rest) > 0; {
		family := rest.Family()
		if family >= ofStatus[mapping.StatusDropped] {
			say()
		}
		var end []byte
		end, rest = rest.Next()
		switch {
		case family == ofStatus[mapping.StatusDropped]:
		case isStatus(family):
			w.line(family, end)
		case left > 0:
			left--
			w.line(family, end)
		}
	}
	say()
	if n.samples -= int32(dropped); n.dropped == int32(dropped) {
		n.status++ // the line is new
	}
	n.block, n.bytes = w.b.clone(), int32(w.bytes)
	return dropped
}

// needs is what a node needs that is not free: a place among the nodes, or lines
// and bytes.
type needs struct {
	place bool
	use   use
	again bool // it may be free by now
}

func (n needs) any() bool { return n.place || n.again }

// credit is what others have given up for a node. Until the node takes it, it is
// still counted as used.
type credit struct {
	place bool
	use   use
}

// acquire takes a place, if the node is a new one, and cost, or returns what is
// short of that. The shard's lock is held.
func (r *Registry) acquire(cost use, isNew bool, c *credit) needs {
	o := r.options.Load()
	if isNew && !c.place {
		if r.nodes.Add(1) > int64(o.Nodes) {
			r.nodes.Add(-1)
			return needs{place: true}
		}
		c.place = true
	}
	if missing := cost.minus(c.use); !r.used.take(missing, o.limit()) {
		short := r.used.now().plus(missing).minus(o.limit()).positive()
		return needs{use: use{min(short.series, max(missing.series, 0)), min(short.bytes, max(missing.bytes, 0))}, again: true}
	}
	*c = credit{}
	return needs{}
}

// meet has others give up what a node needs. No lock is held.
func (r *Registry) meet(n needs, c *credit, name string, expected bool) error {
	if n.place {
		if !r.makePlace(expected) {
			return tooManyNodes(name, r.options.Load())
		}
		c.place = true
	}
	if n.use != (use{}) {
		got := r.makeRoom(n.use)
		if c.use = c.use.plus(got); !n.use.within(got) {
			return noRoom(name, r.options.Load())
		}
	}
	return nil
}

// giveBack gives back what a node did not take.
func (r *Registry) giveBack(c credit) {
	if c.place {
		r.nodes.Add(-1)
	}
	if c.use != (use{}) {
		r.used.give(c.use)
	}
}

func noRoom(name string, o *Options) error {
	return &Refusal{NoRoom, fmt.Sprintf("there is no room for node %q within %d series and %d bytes, which are the limits", name, o.Series, o.Bytes)}
}
