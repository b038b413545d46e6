package main

import "strings"

// nearest returns the name that is closest to what was typed, or nothing when
// none is close. The beginning of a name is meant for it.
func nearest(typed string, names []string) string {
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
		if d := distance(typed, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to insert, to remove, to change or to swap with
// their neighbours, to make b of a.
func distance(a, b string) int {
	// Three rows of the table of distances between the beginnings of a and b.
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(now[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
