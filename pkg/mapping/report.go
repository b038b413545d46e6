package mapping

// Report is what a message said: the samples of one node, all that can be used.
// It may hold none.
//
// A Report is filled by [Decoder.Decode] and may be used for the next message
// once its samples have been taken over; the memory is kept. It is for one
// goroutine at a time.
type Report struct {
	// Mapping is the one that the samples were made with.
	Mapping *Mapping
	// Node is the node's name by the message itself, if the decoder was
	// told where that stands. It is the sender's claim.
	Node string
	// BadNode says that there was a name, but one that cannot be used: not a
	// string, not UTF-8, or longer than sysinfo.MaxNodeName.
	BadNode bool
	// Timestamp is the report's own time, by the clock of the node, in
	// seconds since the Unix epoch; 0 if it gave none.
	Timestamp float64
	// Interval is the time until the next report that this one declares,
	// in seconds; 0 if it declares none.
	Interval float64
	// Ignored counts the keys of the message that no family maps.
	Ignored int
	// Dropped counts the samples that the message should have had, but
	// which cannot be used.
	Dropped Drops
	// Samples in the order of their families, and within a family in the
	// order of the message. They are valid until the next Decode.
	Samples []Sample

	plan      *plan
	order     []follower // by place
	text      []byte     // of all samples
	hits      []hit
	instances []instance
	slots     []span
	names     []pair
	counts    []int32
	hashes    []uint64
	scratch   []byte
	scratch2  []byte
}

// Sample is one series' value.
type Sample struct {
	// Family is the index of the sample's family in Mapping.Families().
	Family int
	// Labels is every label but node, sorted by name, as the text formats
	// have it between the braces: `device="eth0",mode="rx"`. It is empty if
	// there are none.
	// The caller must not append to it.
	Labels []byte
	// Value is a number as the text formats have it. It is in range of
	// float64, NaN, +Inf or -Inf. A number that the message wrote in
	// decimal stands here in the message's own digits.
	Value []byte

	offset int // of the value in the message, for Explain
}

// hit is a mapped value met while walking the message, before it is known
// which labels stand beside it.
type hit struct {
	family   int32
	instance int32
	value    span
}

// instance is one array element, or one key of a *, that holds mapped values.
type instance struct {
	parent int32
	slots  int32 // where its label slots begin in Report.slots
	key    span
}

// span is a scalar of the message, by where it stands; of a string without
// its quotes.
type span struct {
	start, end uint32
	kind       kind
}

type kind uint8

const (
	kindNone kind = iota // not there, or null
	kindText             // a string that stands for itself
	kindEscaped
	kindNumber
	kindDecimal // a number that is digits with a point at most, and not longer than longest
	kindTrue
	kindFalse
	kindNames  // in a slot: the range of Report.names
	kindLabels // in a slot: the range of Report.text that holds the labels of several families
	kindObject // of an info family: where the object begins
	kindArray  // where an array begins, for errors
	kindBad    // in a slot: a label that cannot be used: see bad
)

func (r *Report) reset(p *plan, m *Mapping) {
	r.Mapping = m
	r.Node, r.BadNode, r.Timestamp, r.Interval, r.Ignored = "", false, 0, 0, 0
	r.Dropped = Drops{}
	r.Samples, r.text, r.hits, r.names = r.Samples[:0], r.text[:0], r.hits[:0], r.names[:0]
	r.instances, r.slots = r.instances[:0], r.slots[:0]
	r.instance(p, 0, -1, span{})
	if r.plan != p {
		r.plan = p
		r.order = make([]follower, p.places)
		r.counts = make([]int32, len(p.families))
	}
	clear(r.counts)
}

// up returns the instance that is so many levels outside of n.
func (r *Report) up(n int32, levels int) *instance {
	in := &r.instances[n]
	for range levels {
		in = &r.instances[in.parent]
	}
	return in
}

// instance begins a new instance of scope and returns its index.
func (r *Report) instance(p *plan, scope int, parent int32, key span) int32 {
	n := len(r.slots)
	for range p.slots[scope] {
		r.slots = append(r.slots, span{})
	}
	r.instances = append(r.instances, instance{parent: parent, slots: int32(n), key: key})
	return int32(len(r.instances) - 1)
}
