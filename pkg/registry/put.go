package registry

import (
	"fmt"
	"math"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Admit accounts for a report of node before it is decoded, so that a node
// that sends too many costs next to nothing, nor does one that there is no room
// for. The error is a [*Refusal].
func (r *Registry) Admit(node string) error {
	s, k := r.shard(node)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.get(k)
	o := r.options.Load()
	if e == nil {
		if r.nodes.Load() >= int64(o.Nodes) {
			return tooManyNodes(node, o)
		}
		return nil
	}
	// GCRA: each report moves the time when the node's share is used up by
	// one share, and that time may lie a burst ahead of now.
	rate := o.ReportsPerSecond
	share := time.Duration(min(float64(time.Second)/rate, math.MaxInt64/4)) // so that no sum overflows
	burst := max(time.Second, share)
	now := r.now()
	next := max(e.admit, now) + share
	if next > now+burst {
		return &Refusal{RateLimited, fmt.Sprintf("node %q sends more than %v reports per second, which is the limit", node, rate)}
	}
	e.admit = next
	return nil
}

// Put replaces all samples of node by those of the report and starts its TTL
// anew. The report is copied. The error is a [*Refusal].
//
// Messages overtake each other on their way, so a report older than the one
// held, by their own times, is refused; unless it is older by more than the
// node's TTL, or the node has expired: then its clock was set back.
func (r *Registry) Put(node string, report *mapping.Report) error {
	s, k := r.shard(node)
	arrival := time.Now()
	now := arrival.Sub(r.start)

	// Rendering takes longer than all the rest, so it happens unlocked; what
	// it may need of the entry is fetched before.
	interval := report.Interval
	if interval == 0 {
		s.mu.Lock()
		if e := s.get(k); e != nil && e.reported && now < e.expires {
			interval = max(0, now-e.received).Round(time.Millisecond).Seconds() // another may have come in between
		}
		s.mu.Unlock()
	}
	st := status{received: float64(arrival.UnixMilli()) / 1e3, interval: interval, time: report.Timestamp}
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	block := w.render(node, report, st)

	s.mu.Lock()
	change, err := r.swap(s, k, node, report, block, st.series(), now)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if change != unchanged {
		r.notify(node, change)
	}
	return nil
}

// swap puts a copy of block in the place of the node's old one. The shard's lock
// is held.
func (r *Registry) swap(s *shard, k key, node string, report *mapping.Report, block Block, statusSeries int, now time.Duration) (Change, error) {
	o := r.options.Load()
	change := unchanged
	e := r.known(s, k, now)
	if e == nil {
		var err error
		if e, err = r.add(s, k, node); err != nil {
			return unchanged, err
		}
		e.admit = now
	}
	switch {
	case !e.reported:
		change = Appeared
	case e.expired || now >= e.expires:
		change = Returned
	default:
		if behind := e.time - report.Timestamp; e.time != 0 && report.Timestamp != 0 && behind > 0 {
			if ttl := o.ttl(e); behind <= ttl.Seconds() {
				return unchanged, &Refusal{Late, fmt.Sprintf("a report of node %q is %.3f s older than the one held; only from %v on that is a clock set back", node, behind, ttl)}
			}
		}
	}
	if change == Returned && !e.expired {
		r.events[expiry(e)].Add(1) // nobody noticed, but it was off the page
	}
	e.block = r.keep(block, e.block)
	e.mapping, e.samples, e.statusSeries = report.Mapping, int32(len(report.Samples)), int8(statusSeries)
	e.reported, e.expired = true, false
	e.time, e.interval = report.Timestamp, report.Interval
	e.received, e.graceEnd = now, 0
	e.expires = now + o.ttl(e)
	return change, nil
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
