package linezip

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"testing"
)

// page is lines of the kinds that a page has.
func page(nodes int) []byte {
	r := rand.New(rand.NewSource(1))
	var b bytes.Buffer
	for _, family := range []string{"edge_node_load1", "edge_node_memory_available_bytes"} {
		fmt.Fprintf(&b, "# HELP %s What it is.\n# TYPE %s gauge\n", family, family)
		for i := range nodes {
			fmt.Fprintf(&b, "%s{node=\"edge-node-%06d\"} %d\n", family, i*7, r.Int63n(1e10))
		}
	}
	b.WriteString("# HELP edge_node_network_receive_bytes_total What it is.\n# TYPE edge_node_network_receive_bytes_total counter\n")
	for i := range nodes {
		for _, device := range []string{"eth0", "wlan0", "tun with space"} {
			fmt.Fprintf(&b, "edge_node_network_receive_bytes_total{node=\"edge-node-%06d\",device=%q} %d\n", i*7, device, r.Int63n(1e12))
		}
	}
	return b.Bytes()
}

// compress writes text in pieces of chunk bytes.
func compress(t testing.TB, z *Writer, text []byte, chunk int) []byte {
	t.Helper()
	var out bytes.Buffer
	z.Reset(&out)
	for rest := text; len(rest) > 0; {
		n := min(chunk, len(rest))
		if m, err := z.Write(rest[:n]); err != nil || m != n {
			t.Fatalf("Write returned %d, %v", m, err)
		}
		rest = rest[n:]
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func expand(t testing.TB, compressed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	random := make([]byte, 300_000)
	rand.New(rand.NewSource(1)).Read(random)
	texts := map[string][]byte{
		"nothing":                 nil,
		"one byte":                []byte("a"),
		"a line feed":             []byte("\n"),
		"line feeds":              []byte("\n\n\n\n\n"),
		"a line":                  []byte("up 1\n"),
		"no line feed at the end": []byte("edge_node_up{node=\"a\"} 1\nedge_node_up{node=\"b\"} 1"),
		"a page":                  page(3000),
		"a small page":            page(2),
		"one long line":           []byte(strings.Repeat("0123456789", 30_000)),
		"the same byte":           bytes.Repeat([]byte{'a'}, 300_000),
		"random bytes":            random,
		"quotes":                  []byte(strings.Repeat("\"\"\n\"", 30_000)),
		"a longer and longer line": func() []byte {
			var b bytes.Buffer
			for n := range 800 {
				b.WriteString(strings.Repeat("x", n) + "\n")
			}
			return b.Bytes()
		}(),
		"lines of the greatest length": []byte(strings.Repeat(strings.Repeat("y", longestLine-1)+"\n", 40)),
		"one name begins another":      []byte("a{node=\"n1\"} 1\na{node=\"n12\"} 1\na{node=\"n1\"} 1\na{node=\"n\"} 1\n"),
	}
	z := NewWriter(nil) // one for all: nothing of a page may stay for the next
	for name, text := range texts {
		for _, chunk := range []int{1, 1000, 64 << 10, 1 << 20} {
			if chunk == 1 && len(text) > 100_000 {
				continue
			}
			if got := expand(t, compress(t, z, text, chunk)); !bytes.Equal(got, text) {
				t.Errorf("%s in pieces of %d: %d bytes came out other than the %d that went in", name, chunk, len(got), len(text))
			}
		}
	}
}

// TestSize holds the size to that of the common level of gzip, which is
// deterministic, unlike the time it takes.
func TestSize(t *testing.T) {
	for _, nodes := range []int{600, 10_000} {
		text := page(nodes)
		var six bytes.Buffer
		z, err := gzip.NewWriterLevel(&six, 6)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		got := len(compress(t, NewWriter(nil), text, 64<<10))
		if ratio := float64(got) / float64(six.Len()); ratio > 1.25 {
			t.Errorf("%d nodes: %d bytes, level 6 has %d: %.2f times as many, at most 1.25 are wanted", nodes, got, six.Len(), ratio)
		}
	}
}

func TestWriterReturnsTheError(t *testing.T) {
	gone := errors.New("gone")
	z := NewWriter(failing{gone})
	text := page(10_000)
	if _, err := z.Write(text); !errors.Is(err, gone) {
		t.Errorf("Write returned %v", err)
	}
	if err := z.Close(); !errors.Is(err, gone) {
		t.Errorf("Close returned %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestCodeLengths checks that the codes are complete and short enough for
// DEFLATE, even where Huffman's own would be longer.
func TestCodeLengths(t *testing.T) {
	fibonacci := make([]uint32, 40)
	fibonacci[0], fibonacci[1] = 1, 1
	for i := 2; i < len(fibonacci); i++ {
		fibonacci[i] = fibonacci[i-1] + fibonacci[i-2]
	}
	for name, counts := range map[string][]uint32{
		"two":          {1, 1},
		"equal":        {5, 5, 5, 5, 5, 5, 5},
		"one frequent": {1, 1, 1, 1_000_000, 1},
		"fibonacci":    fibonacci,
	} {
		lengths := make([]uint8, len(counts))
		codeLengths(lengths, counts)
		sum := 0.0
		for _, n := range lengths {
			if n == 0 || n > longestCode {
				t.Errorf("%s: a code of %d bits", name, n)
			}
			sum += 1 / float64(uint(1)<<n)
		}
		if sum != 1 {
			t.Errorf("%s: the codes %v fill %v of the space, not all of it", name, lengths, sum)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	seeds, err := os.ReadDir("testdata/fuzz/FuzzRoundTrip")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	f.Fuzz(func(t *testing.T, text []byte, chunk uint16, repeat uint8) {
		text = bytes.Repeat(text, int(repeat)+1)
		got := expand(t, compress(t, NewWriter(nil), text, int(chunk)+1))
		if !bytes.Equal(got, text) {
			t.Errorf("%q came out as %q", text, got)
		}
	})
}
