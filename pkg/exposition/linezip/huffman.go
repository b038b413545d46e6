package linezip

import (
	"cmp"
	mathbits "math/bits"
	"slices"
)

// longestCode is how many bits a code of DEFLATE may have.
const longestCode = 15

// codeLengths sets the length of each symbol's code to what Huffman's method
// makes of the counts, all of them positive. Where that gives a longer code
// than is allowed, the counts are made more alike, which costs a little.
func codeLengths(lengths []uint8, counts []uint32) {
	for {
		if huffman(lengths, counts) <= longestCode {
			return
		}
		for i := range counts {
			counts[i] = counts[i]/2 + 1
		}
	}
}

// huffman returns the longest length.
func huffman(lengths []uint8, counts []uint32) uint8 {
	// Nodes 0 to n-1 are the symbols, by count; the others are made of the two
	// with the smallest counts that have no parent yet, and so come in the
	// order of their counts too: two queues take the place of a heap.
	n := len(counts)
	var order [symbols]int
	var weight [2 * symbols]uint64
	var parent [2 * symbols]int
	// Most symbols of a page are never seen and count 1: these need no sorting.
	ones := 0
	for i := range n {
		if counts[i] == 1 {
			order[ones] = i
			ones++
		}
	}
	more := order[ones:ones:n]
	for i := range n {
		if counts[i] != 1 {
			more = append(more, i)
		}
	}
	slices.SortFunc(more, func(a, b int) int {
		if counts[a] == counts[b] {
			return a - b // so that every version of Go makes the same codes
		}
		return cmp.Compare(counts[a], counts[b])
	})
	for i, s := range order[:n] {
		weight[i] = uint64(counts[s])
	}
	leaf, inner := 0, n
	for next := n; next < 2*n-1; next++ {
		for range 2 {
			if inner == next || leaf < n && weight[leaf] <= weight[inner] {
				weight[next] += weight[leaf]
				parent[leaf] = next
				leaf++
			} else {
				weight[next] += weight[inner]
				parent[inner] = next
				inner++
			}
		}
	}
	var depth [2 * symbols]uint8
	deepest := uint8(0)
	for i := 2*n - 3; i >= 0; i-- {
		depth[i] = depth[parent[i]] + 1
		if i < n {
			lengths[order[i]] = depth[i]
			deepest = max(deepest, depth[i])
		}
	}
	return deepest
}

// assign makes the codes of the given lengths (RFC 1951, section 3.2.2), with
// their bits reversed, for they are packed from the highest on.
func assign(code []packed, lengths []uint8) {
	var count, next [longestCode + 2]uint16
	for _, n := range lengths {
		count[n]++
	}
	for n := 1; n <= longestCode; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	for i, n := range lengths {
		code[i] = packed(mathbits.Reverse16(next[n])>>(16-n))<<8 | packed(n)
		next[n]++
	}
}
