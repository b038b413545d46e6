package exposition

import (
	"bytes"
	"strings"
	"testing"
)

// A page knows its size, in however many chunks it is written.
func TestPageSize(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 20, 25} {
		var got bytes.Buffer
		p := begin(&got, 10)
		p.write([]byte(strings.Repeat("x", n)))
		if size, err := p.end(); size != n || got.Len() != n || err != nil {
			t.Errorf("a page of %d bytes: size %d, %d were written, error %v", n, size, got.Len(), err)
		}
	}
}
