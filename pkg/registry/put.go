package registry

import (
	"fmt"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Put replaces all samples of the node by those of the report and starts its TTL
// anew. The report is copied. The error is a [*Refusal].
//
// The newest report wins. One that was overtaken on its way, so that it is some
// seconds older than the one held, by their own times, is refused and only renews
// the node's TTL. A clock that was set by any amount delays a report by one
// at most.
//
// If all nodes together take more than Options.Series or Options.Bytes, the last
// samples of a node that has more than its share are left out.
func (r *Registry) Put(name string, report *mapping.Report) error {
	return r.PutReceived(name, report, time.Now())
}

// PutReceived is [Registry.Put] of a report that was received some time ago, and
// has waited since.
func (r *Registry) PutReceived(name string, report *mapping.Report, received time.Time) error {
	s, hash := r.shard(name)
	now := received.Sub(r.start)

	// Rendering takes longer than all the rest, so it happens unlocked; what
	// it may need of the node is fetched before.
	interval := report.Interval
	if interval == 0 {
		s.mu.Lock()
		if n := s.get(hash, name); n != nil && n.reported && !n.restored && now < n.expires {
			interval = max(0, now-n.received).Round(time.Millisecond).Seconds() // another may have come in between
		}
		s.mu.Unlock()
	}
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	var c credit
	defer func() { r.giveBack(c) }()
	p := put{name: name, hash: hash, report: report, samples: report.Samples, now: now,
		status: status{up: true, received: float64(received.UnixMilli()) / 1e3, interval: interval, time: report.Timestamp,
			dropped: int32(report.Dropped.Total())}}

	// As a rule the first try is the last.
	for range 10 {
		p.block = w.report(name, report, p.samples, p.status)
		p.use = use{int64(len(p.samples) + p.status.lines()), int64(w.bytes)}
		s.mu.Lock()
		out, err := r.swap(s, &p, &c)
		s.mu.Unlock()
		switch {
		case err != nil:
			return err
		case out.conflict != p.status.conflict:
			p.status.conflict = out.conflict
		case out.over:
			p.cut(w, out.most)
		case out.needs.any():
			if err := r.meet(out.needs, &c, name, false); err != nil {
				return err
			}
		default:
			r.shed.Add(uint64(len(report.Samples) - len(p.samples)))
			if out.change != unchanged {
				r.notify(name, out.change)
			}
			return nil
		}
	}
	return noRoom(name, r.options.Load()) // others were faster each time
}

// put is a report on its way into the registry.
type put struct {
	name    string
	hash    uint64
	report  *mapping.Report
	samples []mapping.Sample // those of the report that are to be shown
	status  status
	block   Block // of these
	use     use   // of block
	now     time.Duration
}

// cut leaves out samples until what the node shows is within most.
func (p *put) cut(w *blockWriter, most use) {
	p.status.dropped++ // so that it has its line
	w.report(p.name, p.report, nil, p.status)
	const digits = 9 // that the number of dropped samples can get longer by
	status := use{int64(p.status.lines()), int64(w.bytes) + digits}
	keep := fit(p.name, p.report, status, most)
	p.samples = p.samples[:min(keep, len(p.samples))]
	p.status.dropped = int32(p.report.Dropped.Total() + len(p.report.Samples) - len(p.samples))
}

// outcome is what became of a report, or what must happen before it is tried again.
type outcome struct {
	change   Change
	conflict bool  // what the block has to say of that
	over     bool  // it is more than the node can have, which is:
	most     use   //
	needs    needs // what others must give first
}

// swap puts a copy of p's block in the place of the node's old one. The shard's
// lock is held.
func (r *Registry) swap(s *shard, p *put, c *credit) (outcome, error) {
	o := r.options.Load()
	out := outcome{}
	n := r.known(s, p.hash, p.name, p.now)
	var v verdict
	var old use
	switch {
	case n == nil:
		if err := s.deleted(p.name, p.now); err != nil {
			return out, err
		}
		out.change = Appeared
	case !n.reported:
		out.change = Appeared
	case n.expired || p.now >= n.expires:
		out.change = Returned
	case n.restored: // whatever its time, it is the first since the start
	case n.received-p.now > atOnce:
		return out, &Refusal{Late, fmt.Sprintf("a report of node %q has waited while a newer one came", p.name)}
	default:
		if v = n.judge(p.report, p.now, o); v.late {
			n.remember(&v)
			n.keepUp(p.now, o)
			return out, &Refusal{Late, fmt.Sprintf("a report of node %q is %.3f s older than the one held: it was overtaken", p.name, n.time-p.report.Timestamp)}
		}
	}
	if out.conflict = v.conflict; out.conflict != p.status.conflict {
		return out, nil
	}

	if n != nil {
		old = n.use()
	}
	if needs := r.acquire(p.use.minus(old), n == nil, c); needs.any() {
		if most := o.share(r.nodes.Load()).atLeast(old); !p.use.within(most) && len(p.samples) > 0 {
			out.over, out.most = true, most
			return out, nil
		}
		out.needs = needs
		return out, nil
	}
	if n == nil {
		n = r.add(s, p.hash, p.name, p.block.clone())
	} else if n.unnoticed(p.now) {
		r.events[n.expiry()].Add(1)
	}
	if v.conflict {
		r.conflicts.Add(1)
	}
	if n.remember(&v); n.clock != nil {
		n.clock.lateAt = 0
	}
	n.block = r.keep(p.block, n.block)
	n.mapping, n.samples, n.dropped, n.status = p.report.Mapping, int32(len(p.samples)), p.status.dropped, int8(p.status.lines())
	n.bytes = int32(p.use.bytes)
	n.reported, n.expired, n.restored = true, false, false
	n.time, n.interval = p.report.Timestamp, p.report.Interval
	n.received, n.graceEnd = p.now, 0
	n.renew(o)
	return out, nil
}

// atOnce is how far apart the receipts of two reports may be that are handled at
// once, so that either may be the first to get here.
const atOnce = 100 * time.Millisecond

// keep returns a copy of block that will stay. In steady state it is made in the
// memory of the node's old one, so that a report allocates nothing and costs the
// collector nothing. The shard's lock is held: whoever takes a snapshot from now
// on will see the new block, and if there is no snapshot nobody reads the old.
func (r *Registry) keep(block, old Block) Block {
	if r.snapshots.Load() == 0 {
		if b := block.over(old); b != nil {
			return b
		}
	}
	return block.clone()
}
