package spelling

import "strings"

// Nearest returns the name that is closest to what was typed, or nothing when none
// is close. The beginning of a name is meant for it.
func Nearest(typed string, names []string) string {
	const short = 3 // a beginning of less may be anything's
	if len(typed) >= short {
		for _, name := range names {
			if strings.HasPrefix(name, typed) {
				return name
			}
		}
	}
	best, least := "", len(typed)/3+2
	for _, name := range names {
		if d := Distance(typed, name); d < least {
			best, least = name, d
		}
	}
	return best
}
