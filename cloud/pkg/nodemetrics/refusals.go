package nodemetrics

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// refusals keeps the newest example for each reason, to show people what a
// counter cannot tell: of rejected reports, or of dropped samples.
type refusals struct {
	mu     sync.Mutex
	last   map[string]refused
	passed time.Time       // when pass last returned true
	asked  map[string]bool // by first
}

// exampleAge is how old an example must be before another takes its place: one
// a second is plenty, and that keeps a flood of bad reports cheap.
const exampleAge = time.Second

// refused is one report that was rejected, or one sample that was dropped.
type refused struct {
	Reason   string
	Resource string
	Error    string
	Time     time.Time
}

// due reports whether note would keep an example for the reason.
func (r *refusals) due(reason string) bool {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.last[reason].Time) >= exampleAge
}

// pass returns true at most once in a pause.
func (r *refusals) pass(pause time.Duration) bool {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.passed) < pause {
		return false
	}
	r.passed = now
	return true
}

// first returns true once for each reason.
func (r *refusals) first(reason string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked[reason] {
		return false
	}
	if r.asked == nil {
		r.asked = map[string]bool{}
	}
	r.asked[reason] = true
	return true
}

// note keeps an example and returns true, unless that of the reason is younger
// than exampleAge.
func (r *refusals) note(reason, resource string, err error) bool {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last[reason].Time) < exampleAge {
		return false
	}
	const most = 200 // bytes of a resource, which the edge chose
	if len(resource) > most {
		resource = resource[:most] + "…"
	}
	if r.last == nil {
		r.last = map[string]refused{}
	}
	r.last[reason] = refused{Reason: reason, Resource: strings.ToValidUTF8(resource, "\uFFFD"), Error: err.Error(), Time: now}
	return true
}

func (r *refusals) list() []refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []refused
	for _, l := range r.last {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b refused) int { return b.Time.Compare(a.Time) })
	return all
}
