// Package spelling tells how far what somebody typed is from what there is, for
// messages that name what was probably meant.
package spelling

// Distance counts the bytes to insert, remove, change, or swap with their
// neighbour to make b of a. It is the optimal string alignment distance, the
// restricted form of Damerau's. Its time grows with len(a)·len(b): bound what
// strangers send. It may be called concurrently.
func Distance(a, b string) int {
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
