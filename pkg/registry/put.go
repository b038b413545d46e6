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

// mostTries is how often a report is tried. As a rule the first try is the last;
// each further one clears away what the one before met.
const mostTries = 10

// PutReceived is [Registry.Put] of a report that was received some time ago, and
// has waited since.
func (r *Registry) PutReceived(name string, report *mapping.Report, received time.Time) error {
	s, hash := r.shard(name)
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	p := put{name: name, hash: hash, report: report, samples: report.Samples, now: received.Sub(r.start)}
	p.status = status{up: true, received: float64(received.UnixMilli()) / 1e3, time: report.Timestamp,
		interval: r.interval(s, &p), dropped: int32(report.Dropped.Total())}
	defer func() { r.giveBack(p.credit) }()

	for range mostTries {
		p.render(w) // takes longer than all the rest, so no lock is held
		s.mu.Lock()
		change, met, err := r.swap(s, &p)
		s.mu.Unlock()
		switch {
		case err != nil:
			return err
		case met.nothing():
			r.shed.Add(uint64(len(report.Samples) - len(p.samples)))
			if change != unchanged {
				r.notify(name, change)
			}
			return nil
		}
		if err := r.clearAway(met, &p, w); err != nil {
			return err
		}
	}
	return noRoom(name, r.options.Load()) // others were faster each time
}

// interval returns the seconds between the node's reports: as the report declares
// them, else what has passed since the one before; 0 if there was none.
func (r *Registry) interval(s *shard, p *put) float64 {
	if p.report.Interval != 0 {
		return p.report.Interval
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.get(p.hash, p.name)
	if n == nil || !n.reported || n.restored || p.now >= n.expires {
		return 0
	}
	return max(0, p.now-n.received).Round(time.Millisecond).Seconds() // another may have come in between
}

// put is a report on its way into the registry.
type put struct {
	name    string
	hash    uint64
	report  *mapping.Report
	now     time.Duration    // when it was received
	samples []mapping.Sample // those of the report that are to be shown
	status  status           // what is to be shown beside them
	block   Block            // of samples and status
	use     use              // of block
	credit  credit           // what others have given up for it
}

// render writes the block.
func (p *put) render(w *blockWriter) {
	p.block = w.report(p.name, p.report, p.samples, p.status)
	p.use = use{int64(len(p.samples) + p.status.lines()), int64(w.bytes)}
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

// obstacle is what keeps a report from being taken as it is: nothing, or one of
// three things.
type obstacle struct {
	conflict bool // the block is wrong about whether two machines report as the node

	over bool // the block is more than the node can have, which is most
	most use

	needs needs // others must give up something first
}

func (o *obstacle) nothing() bool { return !o.conflict && !o.over && !o.needs.any() }

// clearAway clears an obstacle away, so that the report can be tried again. No lock
// is held.
func (r *Registry) clearAway(o obstacle, p *put, w *blockWriter) error {
	switch {
	case o.conflict:
		p.status.conflict = !p.status.conflict
	case o.over:
		p.cut(w, o.most)
	default:
		return r.meet(o.needs, &p.credit, p.name, false)
	}
	return nil
}

// swap puts a copy of p's block in the place of the node's old one, unless it meets
// an obstacle. The shard's lock is held.
func (r *Registry) swap(s *shard, p *put) (Change, obstacle, error) {
	o := r.options.Load()
	n := r.known(s, p.hash, p.name, p.now)
	var v verdict
	change, err := s.judge(n, p, o, &v)
	if err != nil {
		return unchanged, obstacle{}, err
	}
	if v.conflict != p.status.conflict {
		return unchanged, obstacle{conflict: true}, nil
	}
	if met := r.pay(n, p, o); !met.nothing() {
		return unchanged, met, nil
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
	n.take(p)
	n.renew(o)
	return change, obstacle{}, nil
}

// atOnce is how far apart the receipts of two reports may be that are handled at
// once, so that either may be the first to get here.
const atOnce = 100 * time.Millisecond

// judge says what a report changes for its node, which is nil if it is not known,
// or why the report is refused. v becomes what its own time means, if the node has
// a fresh report to compare it with. The shard's lock is held.
func (s *shard) judge(n *node, p *put, o *Options, v *verdict) (Change, error) {
	switch {
	case n == nil:
		return Appeared, s.deleted(p.name, p.now)
	case !n.reported:
		return Appeared, nil
	case n.expired || p.now >= n.expires:
		return Returned, nil
	case n.restored: // whatever its time, it is the first since the start
		return unchanged, nil
	case n.received-p.now > atOnce:
		return unchanged, &Refusal{Late, fmt.Sprintf("a report of node %q has waited while a newer one came", p.name)}
	}
	if *v = n.judge(p.report, p.now, o); v.late {
		n.remember(v)
		n.keepUp(p.now, o)
		return unchanged, &Refusal{Late, fmt.Sprintf("a report of node %q is %.3f s older than the one held: it was overtaken", p.name, n.time-p.report.Timestamp)}
	}
	return unchanged, nil
}

// pay takes from what there is for all what the block costs more than the node's
// old one. The shard's lock is held.
func (r *Registry) pay(n *node, p *put, o *Options) obstacle {
	var old use
	if n != nil {
		old = n.use()
	}
	needs := r.acquire(p.use.minus(old), n == nil, &p.credit)
	if needs.any() && len(p.samples) > 0 {
		if most := o.share(r.nodes.Load()).atLeast(old); !p.use.within(most) {
			return obstacle{over: true, most: most}
		}
	}
	return obstacle{needs: needs}
}

// take takes over all but the block from a report, which is the node's newest now.
func (n *node) take(p *put) {
	n.mapping, n.samples, n.dropped, n.status = p.report.Mapping, int32(len(p.samples)), p.status.dropped, int8(p.status.lines())
	n.bytes = int32(p.use.bytes)
	n.reported, n.expired, n.restored = true, false, false
	n.time, n.interval = p.report.Timestamp, p.report.Interval
	n.received, n.graceEnd = p.now, 0
}

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
