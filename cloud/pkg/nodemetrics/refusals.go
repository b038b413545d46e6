package nodemetrics

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// refusals keeps the newest refusal of each reason, to show on the landing page
// what a counter cannot tell.
type refusals struct {
	mu   sync.Mutex
	last map[string]refused
}

// refused is one report that was rejected.
type refused struct {
	Reason   string
	Resource string
	Error    string
	Time     time.Time
}

// note keeps a refusal and returns true, unless it has kept one of that reason
// within a second: one is plenty, and that keeps a flood of bad reports cheap.
func (r *refusals) note(reason, resource string, err error) bool {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last[reason].Time) < time.Second {
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
