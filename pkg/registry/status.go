package registry

import (
	"math"
	"strconv"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// status is what the registry itself knows of a node: the values of
// mapping.Status.
type status struct {
	up       bool
	conflict bool    // two machines report under the name
	dropped  int32   // samples that are not shown
	received float64 // Unix seconds
	interval float64 // seconds; 0: unknown
	time     float64 // Unix seconds by the node's clock; 0: unknown
}

// known reports whether there is a value for the i-th status family.
func (st *status) known(i int) bool {
	switch i {
	case mapping.StatusSkew:
		return st.time != 0
	case mapping.StatusConflict:
		return st.conflict
	case mapping.StatusInterval:
		return st.interval != 0
	case mapping.StatusDropped:
		return st.dropped != 0
	}
	return true
}

// shownDown reports whether a node that is down shows its i-th status family.
// Skew and interval say nothing of a node that is silent.
func shownDown(i int) bool {
	return i == mapping.StatusUp || i == mapping.StatusLastReport
}

// lines counts the values that are known.
func (st *status) lines() int {
	n := 0
	for i := range mapping.Status {
		if st.known(i) {
			n++
		}
	}
	return n
}

// append writes the i-th status value.
func (st *status) append(b []byte, i int) []byte {
	switch i {
	case mapping.StatusSkew:
		return appendMillis(b, st.time-st.received)
	case mapping.StatusLastReport:
		return appendMillis(b, st.received)
	case mapping.StatusInterval:
		return strconv.AppendFloat(b, st.interval, 'g', -1, 64)
	case mapping.StatusDropped:
		return strconv.AppendInt(b, int64(st.dropped), 10)
	}
	if st.up || i == mapping.StatusConflict {
		return append(b, '1')
	}
	return append(b, '0')
}

// appendMillis writes seconds with three decimals, as strconv.AppendFloat would
// in several times the time.
func appendMillis(b []byte, seconds float64) []byte {
	if !(math.Abs(seconds) < 1e12) {
		return strconv.AppendFloat(b, seconds, 'f', 3, 64)
	}
	ms := int64(math.Round(seconds * 1e3))
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	ms %= 1000
	return append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}
