package statuspage

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// visible returns s with every character that cannot be seen, or that changes the
// direction of what stands beside it, replaced by its code point, so that two names
// that differ look different, and none passes for another.
func visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) && strings.TrimSpace(s) == s {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		edge := i == 0 || i+utf8.RuneLen(r) == len(s)
		if hidden(r) || edge && unicode.IsSpace(r) {
			fmt.Fprintf(&b, "‹U+%04X›", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hidden(r rune) bool {
	return r == utf8.RuneError || r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) && r != ' ' ||
		unicode.Is(unicode.Mn, r) || r == '\u115F' || r == '\u1160' || r == '\u3164' || r == '\uFFA0'
}

// short writes a duration by its two largest units: 3h5m, 2m10s, 0.4s.
func short(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	switch {
	case d < 10*time.Second:
		return sign + fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return sign + fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return sign + two(d, time.Minute, "m", time.Second, "s")
	case d < 48*time.Hour:
		return sign + two(d, time.Hour, "h", time.Minute, "m")
	}
	return sign + two(d, 24*time.Hour, "d", time.Hour, "h")
}

// clock writes how far a clock is from another: 2m10s behind.
func clock(ahead time.Duration) string {
	if ahead < 0 {
		return short(-ahead) + " behind"
	}
	return short(ahead) + " ahead of"
}

func two(d, large time.Duration, l string, small time.Duration, s string) string {
	if rest := d % large / small; rest > 0 {
		return fmt.Sprintf("%d%s%d%s", d/large, l, rest, s)
	}
	return fmt.Sprintf("%d%s", d/large, l)
}

// grouped writes a whole number with thin spaces between its thousands, so that one can
// read it, or any other number in short.
func grouped(v float64) string {
	if v != float64(int64(v)) {
		return fmt.Sprintf("%.4g", v)
	}
	s := fmt.Sprintf("%d", int64(v))
	var b strings.Builder
	for i, c := range s {
		if i > 0 && s[i-1] != '-' && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(c)
	}
	return b.String()
}
