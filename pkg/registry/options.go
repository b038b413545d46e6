package registry

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Options tunes expiry and limits. A field that is zero has its default.
type Options struct {
	// NodeTTL is how long a report counts; default 3m.
	NodeTTL time.Duration
	// MissedReports stretches the TTL of a node that declares an interval
	// to at least that many of them; default 3.
	MissedReports int
	// Overrides give nodes another TTL, instead of NodeTTL and MissedReports;
	// the first whose pattern matches counts. But no TTL is shorter than one
	// and a half of the intervals that the node declares.
	Overrides []Override
	// DisconnectGrace is how long a report counts at most after
	// [Registry.Disconnected]; default 90s.
	DisconnectGrace time.Duration
	// ExpectGrace is how long an expected node has for its first report
	// before edge_node_up shows 0; default NodeTTL. A node whose override or
	// last known interval gives it a longer TTL has that long.
	ExpectGrace time.Duration
	// Retention is how long an expired node is remembered; default 24h. It
	// also bounds the TTL that a node can get by declaring an interval.
	Retention time.Duration
	// Nodes is how many nodes may be known at once; default 20000.
	Nodes int
	// Series is how many series of nodes may be on the page at once; default
	// 50 per node of Nodes, at least a million. Every node that is known can
	// have an equal share; it can have more while there is room.
	Series int
	// Bytes is how long the nodes' part of the page may be, shared like Series;
	// default 256 per series of Series.
	Bytes int64
	// ReportsPerSecond is how many reports of one node are let in per
	// second, with bursts of as many, at least one; default 5.
	ReportsPerSecond float64
	// NewNodesPerMinute is how many nodes may become known per minute of those
	// that only their own reports name; default a quarter of Nodes, at least
	// one. See [Registry.Claimed].
	NewNodesPerMinute int
}

// Override is another TTL for the nodes whose name matches a pattern.
type Override struct {
	Nodes string // a pattern as of path.Match: * ? [a-z]
	TTL   time.Duration
}

// WithDefaults returns o with every zero field set to its default.
func (o Options) WithDefaults() Options {
	setDefault(&o.NodeTTL, 3*time.Minute)
	setDefault(&o.MissedReports, 3)
	setDefault(&o.DisconnectGrace, 90*time.Second)
	setDefault(&o.ExpectGrace, o.NodeTTL)
	setDefault(&o.Retention, 24*time.Hour)
	setDefault(&o.Nodes, 20000)
	setDefault(&o.Series, max(1_000_000, 50*o.Nodes))
	setDefault(&o.Bytes, 256*int64(o.Series))
	setDefault(&o.ReportsPerSecond, 5)
	setDefault(&o.NewNodesPerMinute, max(1, o.Nodes/4))
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o *Options) check() error {
	var errs []error
	positive := func(name string, v float64) {
		if !(v > 0) {
			errs = append(errs, fmt.Errorf("registry: %s is %v, must be positive", name, v))
		}
	}
	positive("NodeTTL", o.NodeTTL.Seconds())
	positive("MissedReports", float64(o.MissedReports))
	positive("DisconnectGrace", o.DisconnectGrace.Seconds())
	positive("ExpectGrace", o.ExpectGrace.Seconds())
	positive("Retention", o.Retention.Seconds())
	positive("Nodes", float64(o.Nodes))
	positive("Series", float64(o.Series))
	positive("Bytes", float64(o.Bytes))
	positive("ReportsPerSecond", o.ReportsPerSecond)
	positive("NewNodesPerMinute", float64(o.NewNodesPerMinute))
	for i, v := range o.Overrides {
		if _, err := path.Match(v.Nodes, ""); err != nil {
			errs = append(errs, fmt.Errorf("registry: Overrides[%d]: pattern %q: %w", i, v.Nodes, err))
		}
		positive(fmt.Sprintf("Overrides[%d].TTL", i), v.TTL.Seconds())
	}
	return errors.Join(errs...)
}

// override returns the TTL that an override gives node, or 0.
func (o *Options) override(node string) time.Duration {
	for _, v := range o.Overrides {
		// Most patterns differ from most names before their first wildcard.
		if i := strings.IndexAny(v.Nodes, `*?[\`); i > 0 && !strings.HasPrefix(node, v.Nodes[:i]) {
			continue
		}
		if ok, _ := path.Match(v.Nodes, node); ok {
			return v.TTL
		}
	}
	return 0
}
