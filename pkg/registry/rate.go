package registry

import (
	"math"
	"time"
)

// spend takes one of a rate's units, if there is one: each moves the time when
// they are used up by one unit's time, and that may lie burst ahead of now (GCRA).
func spend(usedUp *time.Duration, perSecond float64, burst, now time.Duration) bool {
	unit := unitOf(perSecond)
	next := max(*usedUp, now) + unit
	if next > now+max(burst, unit) {
		return false
	}
	*usedUp = next
	return true
}

// unitOf returns the time in which a rate gives one unit.
func unitOf(perSecond float64) time.Duration {
	return time.Duration(min(float64(time.Second)/perSecond, math.MaxInt64/4)) // so that no sum overflows
}

// strangers bounds the work for names whose reports were all refused, so that
// nobody knows them: each name has one of these, which it shares with few others.
type strangers [64]time.Duration

func (s *strangers) of(hash uint64) *time.Duration { return &s[hash>>32%uint64(len(s))] }
