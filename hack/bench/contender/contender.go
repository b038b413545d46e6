// Package contender holds the ways of keeping a fleet's newest reports and
// serving them to Prometheus that the benchmark compares, edgegauge among
// them.
//
// Its one contract: every contender is given identical reports and serves a
// page with the same series and values, so that what differs is the cost. Each
// is written the way its own documentation shows, not tuned and not crippled.
package contender

import (
	"errors"
	"fmt"
	"net/http"
	"sort"
)

// Contender keeps reports and serves them.
type Contender interface {
	// Prepare returns the delivery of a report as a function, so that only
	// the delivery itself is timed: when it returns, a scrape that starts
	// sees the report. Deliveries are called one at a time.
	Prepare(r Report) func() error
	// Handler serves the page.
	Handler() http.Handler
}

// Report is one report of one node, decoded and as the message that travels.
// Contenders take whichever of the two their caller would hold.
type Report struct {
	Node    string
	Values  Values
	Message []byte
}

// Options are what a contender may need to know beforehand.
type Options struct {
	Data *Data
	// Disconnects, if set, shortens edgegauge's grace after a session ended
	// to a few seconds, for the expiry of a whole fleet at once.
	Disconnects bool
	// TTLSeconds replaces edgegauge's TTL where it is not zero.
	TTLSeconds int
}

var constructors = map[string]func(Options) (Contender, error){
	"gaugevec":     newGaugeVec,
	"constmetric":  newConstMetric,
	"ksm":          newStateStore,
	"vm":           newVictoria,
	"statsd":       newStatsd,
	"static-plain": newStaticPlain,
	"static-gzip":  newStaticGzip,
}

// New starts the contender of that name.
func New(name string, o Options) (Contender, error) {
	construct, ok := constructors[name]
	if !ok {
		return nil, fmt.Errorf("contender %q: %w (there are %q)", name, errors.ErrUnsupported, Names())
	}
	return construct(o)
}

// Names lists the contenders.
func Names() []string {
	var names []string
	for name := range constructors {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
