package mapping

import (
	"fmt"
	"math"
	"time"
)

// Times that a report can sensibly have, in seconds since the Unix epoch, and
// the longest interval between reports that anybody is likely to mean.
const (
	earliest       = 946684800  // 2000-01-01T00:00:00Z
	latest         = 4102444800 // 2100-01-01T00:00:00Z
	likelyInterval = 24 * 3600
)

// units are what a number may be in that was taken for seconds, or for seconds
// with a scale.
var units = []struct {
	name  string
	scale float64
	text  string // of the scale, in a mapping file
}{
	{"seconds", 1, "1"},
	{"milliseconds", 1e-3, "0.001"},
	{"microseconds", 1e-6, "0.000001"},
	{"nanoseconds", 1e-9, "0.000000001"},
}

// asUnit looks for the unit in which a number, which gave seconds with a scale,
// would be a sensible one. It returns "" if there is none.
func asUnit(field string, seconds, scale, least, most float64, write func(float64) string) string {
	for _, u := range units {
		if t := seconds / scale * u.scale; t >= least && t < most && u.scale != scale {
			return fmt.Sprintf("; as %s it would be %s: give the mapping's %s the scale %s", u.name, write(t), field, u.text)
		}
	}
	return ""
}

// timeDoubt says what is strange about the timestamp of a report, "" if nothing
// is. A strange one is no reason to refuse a report: the node's clock may be
// wrong, which its skew shows.
func timeDoubt(seconds, scale float64) string {
	if seconds == 0 || seconds >= earliest && seconds < latest {
		return ""
	}
	when := "before the year 2000"
	if seconds >= latest {
		when = "after the year 2100"
	}
	hint := asUnit("timestamp", seconds, scale, earliest, latest, TimeText)
	if hint == "" {
		hint = ": the node's clock is wrong, or this is not the time since 1970"
	}
	return TimeText(seconds) + " is " + when + hint
}

// intervalDoubt says what is strange about the interval of a report, "" if
// nothing is.
func intervalDoubt(seconds, scale float64) string {
	if seconds <= likelyInterval {
		return ""
	}
	return fmt.Sprintf("%.0f seconds are more than a day", seconds) +
		asUnit("interval", seconds, scale, 1, likelyInterval, func(s float64) string { return fmt.Sprintf("%v s", math.Round(s*1000)/1000) })
}

// TimeText writes a time in seconds as RFC 3339 has it, and as a number where
// that has no year for it.
func TimeText(seconds float64) string {
	const year0, year10000 = -62167219200, 253402300800
	if !(seconds >= year0 && seconds < year10000) {
		return fmt.Sprintf("%g seconds since 1970", seconds)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC().Format(time.RFC3339Nano)
}
