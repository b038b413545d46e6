package registry

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Saved is what is known of one node, to be kept while the process is restarted.
type Saved struct {
	Name     string
	Received time.Time // of its newest report, by the wall clock; zero if there has been none
	Time     float64   // the newest report's own time in Unix seconds, 0 if unknown
	Interval float64   // as it declared, in seconds, 0 if it did not
	// GraceEnd is when the report ceases to count because the node's session
	// ended; zero if it did not end.
	GraceEnd time.Time
	Down     bool // as it was shown
	Dropped  int  // samples of the newest report that are not in Block
	Samples  int  // in Block

	// Block are its lines, and Families what their indexes mean. Neither may be
	// changed, nor kept after the call.
	Block    Block
	Families []mapping.Family
}

// Save calls save for every node that is shown. No lock is held while it does;
// blocks are kept in memory that long. It ends with the first error of save.
func (r *Registry) Save(save func(Saved) error) error {
	r.snapshots.Add(1)
	defer r.snapshots.Add(-1)
	wall, now := time.Now(), r.now()
	at := func(t time.Duration) time.Time { return wall.Add(t - now).Round(0) }
	var some []Saved
	for i := range r.shards {
		s := &r.shards[i]
		some = some[:0]
		s.mu.Lock()
		retention := r.options.Load().Retention
		s.each(func(n *node) {
			st := n.state(now, retention)
			if st == stateForgotten || st == statePending && !n.reported {
				return
			}
			v := Saved{Name: n.name(), Time: n.time, Interval: n.interval, Down: st == stateExpired,
				Dropped: int(n.dropped), Samples: int(n.samples), Block: n.block, Families: mapping.Status[:]}
			if n.mapping != nil {
				v.Families = n.mapping.Families()
			}
			if n.reported {
				v.Received = at(n.received)
			}
			if n.graceEnd > 0 {
				v.GraceEnd = at(n.graceEnd)
			}
			some = append(some, v)
		})
		s.mu.Unlock()
		for _, v := range some {
			if err := save(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// errRestore is why a saved node is not taken back: it cannot be one.
var errRestore = errors.New("not a saved node")

// Check returns an error if v cannot be a node that was saved.
func (v *Saved) Check(m *mapping.Mapping) error {
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	_, _, err := w.restore(m, v)
	return err
}

// Restore takes back a node that was saved before a restart, unless it has reported
// since. m is the mapping in force, whose families the lines get; lines of others
// are left out.
//
// By the time that has passed on the wall clock a node inside its TTL is shown as
// it was. One that is not had no chance to report in the meantime: it is not shown
// until it reports, or until its grace ends, which is Options.ExpectGrace or its TTL
// if that is longer. A node that was down is down.
func (r *Registry) Restore(m *mapping.Mapping, v Saved) (restored bool, err error) {
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	var samples, lines int
	if samples, lines, err = w.restore(m, &v); err != nil {
		return false, err
	}
	var shed blockWriter
	shed.down(v.Name)
	if !v.Received.IsZero() {
		shed.shed(w.b, m)
	}

	s, hash := r.shard(v.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.get(hash, v.Name)
	if known != nil && known.reported || s.deleted(v.Name, r.now()) != nil {
		return false, nil
	}
	o := r.options.Load()
	now := r.now()
	// A wall clock that was set in between could make it any time, so it is
	// taken for no less than 0 and no more than can matter.
	age := min(max(time.Since(v.Received), 0), 10*o.Retention+365*24*time.Hour)
	n := node{time: v.Time, interval: v.Interval, reported: !v.Received.IsZero()}
	n.override = o.override(v.Name)
	n.received = now - age
	n.expires = n.received + n.ttl(o)
	if !v.GraceEnd.IsZero() {
		n.graceEnd = now + min(max(time.Until(v.GraceEnd), -age), o.DisconnectGrace)
		n.expires = min(n.expires, n.graceEnd)
	}
	fresh := !v.Down && n.reported && now < n.expires
	switch {
	case fresh:
		n.mapping, n.block = m, w.b
		n.samples, n.status, n.bytes, n.dropped = int32(samples), int8(lines-samples), int32(w.bytes), int32(v.Dropped)
	default:
		n.block, n.bytes, n.status = shed.b, int32(shed.bytes), int8(n.downLines())
		switch {
		case !n.reported:
			n.expires = now
		case v.Down:
			n.expired = true
			n.expires = min(n.expires, now)
		default:
			n.restored, n.graceEnd = true, 0
			n.expires = now + n.grace(o)
		}
	}
	cost := n.use()
	if known != nil { // as one that is expected
		n.expected = known.expected
		cost = cost.minus(known.use())
	}
	var c credit
	defer func() { r.giveBack(c) }()
	if n.state(now, o.Retention) == stateForgotten || r.acquire(cost, known == nil, &c).any() {
		return false, nil
	}
	block := n.block.clone()
	if known == nil {
		known = r.add(s, hash, v.Name, block)
	}
	n.hash, n.block, n.escaped, n.admit = hash, block, known.escaped, known.admit
	*known = n
	return true, nil
}

// restore writes the block of a saved node with the families of m. It counts the
// samples and all lines.
func (w *blockWriter) restore(m *mapping.Mapping, v *Saved) (samples, lines int, err error) {
	wrong := func(what string) (int, int, error) {
		return 0, 0, fmt.Errorf("%w: %.100q has %s", errRestore, v.Name, what)
	}
	const most = 1 << 20 // lines, of each of which a block says where it ends
	w.begin(v.Name, m.Families())
	switch {
	case v.Name == "" || len(v.Name) > sysinfo.MaxNodeName || !utf8.ValidString(v.Name):
		return wrong("no name that a node can have")
	case len(v.Block) < len(w.b) || !bytes.Equal(v.Block[:len(w.b)], w.b):
		return wrong("the block of another")
	case v.Dropped < 0 || v.Dropped > math.MaxInt32:
		return wrong("a wrong number of dropped samples")
	case !(v.Interval >= 0 && v.Interval <= sysinfo.MaxInterval) || math.IsNaN(v.Time) || math.IsInf(v.Time, 0):
		return wrong("a time that is none")
	}
	index := w.indexOf(m, v.Families)
	status := m.Status()
	last, lastIn := -1, -1
	for rest := v.Block[len(w.b):]; len(rest) > 0; {
		if len(rest) < lineHeader || lines == most {
			return wrong("a line that is cut short")
		}
		family := Lines(rest).Family()
		size := uint64(rest[2]) | uint64(rest[3])<<8 | uint64(rest[4])<<16 | uint64(rest[5])<<24
		if size > uint64(len(rest)-lineHeader) || family >= len(index) || family < last {
			return wrong("a line that is none")
		}
		end, more := Lines(rest).Next()
		rest, last = Block(more), family
		if !wellFormed(end) {
			return wrong("a line that is none")
		}
		at := index[family]
		if at < 0 {
			continue
		}
		if at < lastIn {
			return wrong("families in another order")
		}
		lastIn = at
		w.line(at, end)
		if lines++; !isOneOf(status[:], at) {
			samples++
		}
	}
	return samples, lines, nil
}

// translation is where the families of saved blocks are in a mapping.
type translation struct {
	mapping *mapping.Mapping
	from    []mapping.Family
	index   []int // -1 for one that the mapping has not got
}

// indexOf returns where families are in m. It keeps the answer for the next node,
// which as a rule has the same.
func (w *blockWriter) indexOf(m *mapping.Mapping, families []mapping.Family) []int {
	t := &w.translation
	if t.mapping == m && len(t.from) == len(families) && (len(families) == 0 || &t.from[0] == &families[0]) {
		return t.index
	}
	*t = translation{m, families, make([]int, len(families))}
	for i := range families {
		at, ok := slices.BinarySearchFunc(m.Families(), families[i].Name, func(f mapping.Family, name string) int { return strings.Compare(f.Name, name) })
		if t.index[i] = at; !ok {
			t.index[i] = -1
		}
	}
	return t.index
}

// wellFormed reports whether end can be the end of a line.
func wellFormed(end []byte) bool {
	return len(end) > len("} \n") && (end[0] == '}' || end[0] == ',') && bytes.IndexByte(end, '\n') == len(end)-1 &&
		bytes.Contains(end, []byte("} ")) && utf8.Valid(end)
}

func isOneOf(indexes []int, i int) bool {
	for _, at := range indexes {
		if at == i {
			return true
		}
	}
	return false
}
