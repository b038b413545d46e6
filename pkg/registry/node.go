package registry

import (
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// node is what is known of one node. Times are nanoseconds since Registry.start.
//
// Its size is two cache lines; the field by which it is found comes first.
type node struct {
	hash    uint64           // of the name, never 0; its lowest bits choose the shard, those above them the slot
	block   Block            // of the newest report; after expiry only what a down node shows
	mapping *mapping.Mapping // of block's samples; nil where block has none

	received time.Duration
	expires  time.Duration // of a node without any report: when it should have come
	// graceEnd is when the grace after a disconnect ends; 0 while connected.
	graceEnd time.Duration
	admit    time.Duration // when the node has used up its share of reports (GCRA)
	override time.Duration
	time     float64 // the newest report's own time, 0 if unknown
	interval float64 // as it declared, in seconds
	clock    *clock  // nil unless its clock does odd things

	samples  int32 // in block, beside its status lines
	bytes    int32 // of block's lines on the page
	dropped  int32 // samples of the newest report that are not in block
	status   int8  // status lines in block
	escaped  bool  // the name is escaped in block
	reported bool  // there has been a report
	expired  bool  // noticed and counted
	expected bool  // has a Node object: only its deletion makes it forgotten
	restored bool  // its newest report is from before the start, and has expired since
}

// named reports whether n is the node called name.
func (n *node) named(name string) bool {
	if n.escaped {
		return n.name() == name
	}
	return string(n.block.label()) == name
}

// name returns the node's name.
func (n *node) name() string { return unescape(n.block.label(), n.escaped) }

// state is where in its life a node stands.
type state uint8

const (
	stateFresh     state = iota
	statePending         // expected, no report since the start, and not overdue
	stateExpired         // expired, or expected and overdue
	stateForgotten       // only its memory is still to be freed
)

func (n *node) state(now, retention time.Duration) state {
	switch {
	case now < n.expires && (!n.reported || n.restored):
		return statePending
	case now < n.expires && !n.expired:
		return stateFresh
	case !n.expected && now >= n.expires+retention:
		return stateForgotten
	}
	return stateExpired
}

// ttl returns how long a report of n counts.
func (n *node) ttl(o *Options) time.Duration {
	ttl, intervals := o.NodeTTL, float64(o.MissedReports)
	if n.override > 0 {
		// Shorter than this, a node that reports as it says would be down
		// in between.
		ttl, intervals = n.override, 1.5
	}
	return max(ttl, n.declared(o, intervals))
}

// declared returns how long so many of the intervals are that n declared.
func (n *node) declared(o *Options, intervals float64) time.Duration {
	return time.Duration(min(intervals*n.interval, o.Retention.Seconds()) * float64(time.Second))
}

// grace returns how long n has for its first report.
func (n *node) grace(o *Options) time.Duration {
	return max(o.ExpectGrace, n.override, n.declared(o, float64(o.MissedReports)))
}

// renew works out anew when n expires, from the receipt of its newest report.
func (n *node) renew(o *Options) {
	n.expires = n.received + n.ttl(o)
	if n.graceEnd > 0 {
		n.expires = min(n.expires, n.graceEnd)
	}
}

// keepUp renews n's expiry for a report that came now and is not shown.
func (n *node) keepUp(now time.Duration, o *Options) {
	expires := now + n.ttl(o)
	if n.graceEnd > 0 {
		expires = min(expires, n.graceEnd)
	}
	n.expires = max(n.expires, expires)
}

// unnoticed reports whether n is off the page and has not been counted as
// expired yet.
func (n *node) unnoticed(now time.Duration) bool {
	return n.reported && !n.expired && now >= n.expires
}

// expiry says why n expired.
func (n *node) expiry() Change {
	if n.graceEnd > 0 && n.expires == n.graceEnd {
		return ExpiredByDisconnect
	}
	return ExpiredByTTL
}

// downLines counts the lines that n shows when it is down.
func (n *node) downLines() int {
	if n.reported {
		return 2 // edge_node_up, and when it reported last
	}
	return 1
}

// shedNode leaves of n's block what a node that is down shows, in the memory of
// room if that is enough. The shard's lock is held.
func (r *Registry) shedNode(n *node, w *blockWriter, room Block) {
	if n.mapping == nil {
		return
	}
	before := n.use()
	n.block = append(room[:0], w.shed(n.block, n.mapping)...)
	n.mapping, n.samples, n.dropped, n.status, n.bytes = nil, 0, 0, int8(n.downLines()), int32(w.bytes)
	r.used.give(before.minus(n.use()))
}
