package registry

import (
	"fmt"
	"math"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Admit counts a report of a node before it is decoded. Two kinds are refused this
// early and cheaply: reports over the node's rate, and those of new nodes over the
// limit. The error is a [*Refusal].
func (r *Registry) Admit(name string) error {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.get(hash, name)
	o := r.options.Load()
	if n == nil {
		if r.nodes.Load() >= int64(o.Nodes) {
			return tooManyNodes(name, o)
		}
		return nil
	}
	// GCRA: each report moves the time when the node's share is used up by
	// one share, and that time may lie a burst ahead of now.
	rate := o.ReportsPerSecond
	share := time.Duration(min(float64(time.Second)/rate, math.MaxInt64/4)) // so that no sum overflows
	burst := max(time.Second, share)
	now := r.now()
	next := max(n.admit, now) + share
	if next > now+burst {
		return &Refusal{RateLimited, fmt.Sprintf("node %q sends more than %v reports per second, which is the limit", name, rate)}
	}
	n.admit = next
	return nil
}

// Put replaces all samples of the node by those of the report and starts its TTL
// anew. The report is copied. The error is a [*Refusal].
//
// Messages overtake each other on their way, so a report older than the one
// held, by their own times, is refused; unless it is older by more than the
// node's TTL, or the node has expired: then its clock was set back.
func (r *Registry) Put(name string, report *mapping.Report) error {
	s, hash := r.shard(name)
	arrival := time.Now()
	now := arrival.Sub(r.start)

	// Rendering takes longer than all the rest, so it happens unlocked; what
	// it may need of the node is fetched before.
	interval := report.Interval
	if interval == 0 {
		s.mu.Lock()
		if n := s.get(hash, name); n != nil && n.reported && now < n.expires {
			interval = max(0, now-n.received).Round(time.Millisecond).Seconds() // another may have come in between
		}
		s.mu.Unlock()
	}
	st := status{up: true, received: float64(arrival.UnixMilli()) / 1e3, interval: interval, time: report.Timestamp}
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	block := w.report(name, report, st)

	s.mu.Lock()
	change, err := r.swap(s, hash, name, report, block, st.lines(), now)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if change != unchanged {
		r.notify(name, change)
	}
	return nil
}

// swap puts a copy of block in the place of the node's old one. The shard's lock
// is held.
func (r *Registry) swap(s *shard, hash uint64, name string, report *mapping.Report, block Block, statusLines int, now time.Duration) (Change, error) {
	o := r.options.Load()
	change := unchanged
	n := r.known(s, hash, name, now)
	switch {
	case n == nil:
		if err := r.admitNode(name); err != nil {
			return unchanged, err
		}
		n = r.add(s, hash, name, block.clone())
		change = Appeared
	case !n.reported:
		change = Appeared
	case n.expired || now >= n.expires:
		change = Returned
	default:
		if behind := n.time - report.Timestamp; n.time != 0 && report.Timestamp != 0 && behind > 0 {
			if ttl := n.ttl(o); behind <= ttl.Seconds() {
				return unchanged, &Refusal{Late, fmt.Sprintf("a report of node %q is %.3f s older than the one held; only from %v on that is a clock set back", name, behind, ttl)}
			}
		}
	}
	if n.unnoticed(now) {
		r.events[n.expiry()].Add(1)
	}
	n.block = r.keep(block, n.block)
	n.mapping, n.samples, n.status = report.Mapping, int32(len(report.Samples)), int8(statusLines)
	n.reported, n.expired = true, false
	n.time, n.interval = report.Timestamp, report.Interval
	n.received, n.graceEnd = now, 0
	n.renew(o)
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
