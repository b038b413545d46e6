package registry

import (
	"hash/maphash"
	"math"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Reports can overtake each other on their way, and the clocks of the edge can
// jump by any amount. Both look alike: a report is older than the one held, by the
// node's own clock. The rule is that the newest report wins, and that a wrong clock
// never keeps a node from being shown:
//
//   - a report that is older by more than overtaking is taken: the clock was set
//     back;
//   - one that is older by less is late and is dropped; but the next one is taken
//     even if it is older too, unless both came at nearly the same time as reports
//     do that were overtaken together, or are the same one.
//
// So a report after a jump is shown at the latest when the second one comes. A late
// report shows that the node is alive, so it renews the node's TTL.

const (
	// overtaking is how much older than the one held a report can be that was
	// overtaken on its way.
	overtaking = 10 * time.Second
	// jump is by how much a clock must be off from one report to the next to
	// be said to have jumped. A report can be delayed by less.
	jump = 3 * time.Second
	// together is how far apart reports can come that were overtaken together.
	together = 750 * time.Millisecond
	// steady is how exactly a clock that jumped back must be where it was.
	steady = time.Second
	// conflictFlips is how often in a row reports must go back and forth
	// between two clocks to be those of two machines. A clock that jumps once
	// and is right again makes one.
	conflictFlips = 3
	// conflictMemory is how long two clocks are remembered at least.
	conflictMemory = 15 * time.Minute
)

// clock is what is remembered of a node's clock. Only nodes with a late report or
// a clock that jumped have one.
type clock struct {
	// The newest late report since the one held: when it came and its own
	// time. lateAt is 0 if there was none.
	lateAt   time.Duration
	lateTime float64
	lateSum  uint64  // of its samples
	lateOff  float64 // offset of the newest late report, whenever it came

	other float64 // offset before the newest jump
	moved bool    // there was a jump

	flips   uint8
	flipped time.Duration // the newest of them
}

// A verdict is what the own time of a report means for its node.
type verdict struct {
	late     bool
	conflict bool
	clock    clock
	noted    bool // clock has something to remember
}

// offset returns by how much a clock is off, counted from any fixed point: not by
// our own wall clock, which may be set too.
func offset(own float64, received time.Duration) float64 { return own - received.Seconds() }

// sumSeed is of the sums by which the same late report is told from another.
var sumSeed = maphash.MakeSeed()

// sum is the same for reports with the same samples.
func sum(report *mapping.Report) uint64 {
	var h maphash.Hash
	h.SetSeed(sumSeed)
	for i := range report.Samples {
		s := &report.Samples[i]
		_, _ = h.Write([]byte{byte(s.Family), byte(s.Family >> 8)})
		_, _ = h.Write(s.Line())
	}
	return h.Sum64()
}

// judge says what a report means for n by its own time, which came now. It changes
// nothing. n has reported and is not down.
func (n *node) judge(report *mapping.Report, now time.Duration, o *Options) verdict {
	var v verdict
	own := report.Timestamp
	if n.clock != nil {
		v.clock = *n.clock
		if v.noted = true; now-v.clock.flipped > max(conflictMemory, 4*n.ttl(o)) {
			v.clock.flips = 0
		}
	}
	if own == 0 || n.time == 0 {
		v.conflict = v.clock.flips >= conflictFlips
		return v
	}
	off := offset(own, now)
	switch behind := n.time - own; {
	case behind > 0 && behind <= overtaking.Seconds() && !v.clock.again(report, now):
		v.late, v.noted = true, true
		v.clock.flip(math.Abs(off-v.clock.lateOff) < steady.Seconds() && v.clock.lateOff != 0, now)
		v.clock.lateAt, v.clock.lateTime, v.clock.lateSum, v.clock.lateOff = now, own, sum(report), off
	default:
		if held := offset(n.time, n.received); math.Abs(off-held) > jump.Seconds() {
			v.noted = true
			if v.clock.moved {
				v.clock.flip(math.Abs(off-v.clock.other) < steady.Seconds(), now)
			}
			v.clock.other, v.clock.moved = held, true
		}
	}
	v.conflict = v.clock.flips >= conflictFlips
	return v
}

// again reports whether a report that is older than the one held follows one that
// was late, so that the clock was set back. Steps of a clock can give two reports
// the same time.
func (c *clock) again(report *mapping.Report, now time.Duration) bool {
	if c.lateAt == 0 {
		return false
	}
	own := report.Timestamp
	if own == c.lateTime && sum(report) == c.lateSum {
		return now-c.lateAt >= overtaking // the same report twice
	}
	apart := together.Seconds()
	if own != c.lateTime {
		apart = min(apart, math.Abs(own-c.lateTime)/2)
	}
	if report.Interval > 0 {
		apart = min(apart, report.Interval/2)
	}
	return (now - c.lateAt).Seconds() >= apart
}

// flip counts a change to the other of two clocks, if it is that.
func (c *clock) flip(back bool, now time.Duration) {
	switch {
	case !back:
		c.flips = 0
	case c.flips < math.MaxUint8:
		c.flips++
	}
	c.flipped = now
}

// remember keeps what v says of n's clock.
func (n *node) remember(v *verdict) {
	switch {
	case !v.noted:
	case n.clock != nil:
		*n.clock = v.clock
	default:
		c := v.clock
		n.clock = &c
	}
}
