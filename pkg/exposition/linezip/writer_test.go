package linezip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand"
	"os"
	"slices"
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

// texts are of the kinds that can come, most of them wrong for a page.
func texts() map[string][]byte {
	random := make([]byte, 300_000)
	rand.New(rand.NewSource(1)).Read(random)
	return map[string][]byte{
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
		"short lines":                  []byte(strings.Repeat("a 1\nb 2\n", 20_000)),
		"devices":                      devices(),
		"values":                       values(),
		"quotes in names":              names(),
	}
}

// devices are lines of which the tail is like that of a line some lines back.
func devices() []byte {
	r := rand.New(rand.NewSource(2))
	var b bytes.Buffer
	for i := range 3000 {
		for _, device := range []string{"eth0", "a-long-name-0", "wlan-with-a-long-name", "tun"} {
			fmt.Fprintf(&b, "x{node=\"n%d\",device=%q} %d\n", i/3, device, r.Int63n(100))
		}
	}
	return b.Bytes()
}

// values are lines of which the tail is like that of any line before, and more like
// that of some: it goes on with the one that it was like last.
func values() []byte {
	r := rand.New(rand.NewSource(3))
	var b bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&b, "x{node=\"n%d\"} %d\n", i, r.Int63n(100))
	}
	return b.Bytes()
}

// names are lines whose names have quotes of their own: where a name ends is where the
// one before ended, if a quote stands there, and else at the first quote. Every third is
// the name before.
func names() []byte {
	r := rand.New(rand.NewSource(4))
	var b bytes.Buffer
	var name []byte
	for i := range 60_000 {
		if i%3 != 2 {
			name = []byte("abcdef")
			for i := range name {
				name[i] += byte(r.Intn(3))
			}
			if r.Intn(2) == 0 {
				copy(name[r.Intn(5):], `\"`)
			}
		}
		fmt.Fprintf(&b, "x{node=\"%s\"} %d\n", name, r.Int63n(100))
	}
	return b.Bytes()
}

// outputs are what the texts are compressed to: size and CRC-32.
var outputs = map[string]string{
	"a line feed":                  "56 61504264",
	"a line":                       "63 d1d09492",
	"a longer and longer line":     "3527 9b309945",
	"a page":                       "137208 1f44e0b8",
	"a small page":                 "552 30b92b2b",
	"devices":                      "46887 67d43373",
	"line feeds":                   "59 52f231bc",
	"lines of the greatest length": "2185 581895a8",
	"no line feed at the end":      "104 a5bc7a1d",
	"nothing":                      "20 4631be2f",
	"one byte":                     "55 0001d33f",
	"one long line":                "131494 5b0a171b",
	"one name begins another":      "96 ed564fb0",
	"quotes":                       "19166 b0935b60",
	"quotes in names":              "347108 6e97a05e",
	"random bytes":                 "300531 07facfb3",
	"short lines":                  "53021 8577881f",
	"the same byte":                "2632 76869f69",
	"values":                       "196278 d14f8e37",
}

// Equal pages are equal compressed, whoever compresses them: what changes a byte of
// the output, be it only its size, is seen here.
func TestOutput(t *testing.T) {
	z := NewWriter(nil)
	for name, text := range texts() {
		out := compress(t, z, text, 64<<10)
		if got := fmt.Sprintf("%d %08x", len(out), crc32.ChecksumIEEE(out)); got != outputs[name] {
			t.Errorf("%q: %q,", name, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	z := NewWriter(nil) // one for all: nothing of a page may stay for the next
	for name, text := range texts() {
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

// The error of the underlying writer is returned, by that call and all that follow,
// without another write; after Reset it is forgotten.
func TestWriterReturnsTheError(t *testing.T) {
	gone := errors.New("gone")
	f := &failing{err: gone}
	z := NewWriter(f)
	text := page(10_000)
	for range 3 {
		if n, err := z.Write(text); !errors.Is(err, gone) || n != 0 {
			t.Errorf("Write returned %d, %v", n, err)
		}
	}
	if err := z.Close(); !errors.Is(err, gone) {
		t.Errorf("Close returned %v", err)
	}
	if f.writes != 1 {
		t.Errorf("the writer that failed was written to %d times", f.writes)
	}
	if got := expand(t, compress(t, z, text, 1000)); !bytes.Equal(got, text) {
		t.Error("after Reset the page is another one")
	}
	// An error that comes with the last bytes is Close's.
	z.Reset(&failing{err: gone})
	if _, err := z.Write([]byte("up 1\n")); err != nil {
		t.Errorf("Write returned %v before anything was written", err)
	}
	if err := z.Close(); !errors.Is(err, gone) {
		t.Errorf("Close returned %v", err)
	}
}

type failing struct {
	err    error
	writes int
}

func (f *failing) Write([]byte) (int, error) {
	f.writes++
	return 0, f.err
}

// The header is that of gzip without a name or a time, so that equal pages are equal
// compressed, and the trailer has the sum and the size.
func TestFrame(t *testing.T) {
	text := page(100)
	z := NewWriter(nil)
	a, b := compress(t, z, text, 7), compress(t, z, text, 1<<20)
	if !bytes.Equal(a, b) {
		t.Error("the same page, written in other pieces, is compressed otherwise")
	}
	if want := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}; !bytes.Equal(a[:10], want) {
		t.Errorf("the header is % x, want % x", a[:10], want)
	}
	tail := a[len(a)-8:]
	if sum, size := binary.LittleEndian.Uint32(tail), binary.LittleEndian.Uint32(tail[4:]); sum != crc32.ChecksumIEEE(text) || size != uint32(len(text)) {
		t.Errorf("the trailer has sum %x and size %d", sum, size)
	}
}

// Lines are compared with the lines before: what repeats takes next to nothing.
func TestMatches(t *testing.T) {
	for name, test := range map[string]struct {
		line func(i int) string
		most float64 // bits a line
	}{
		"the same line":                {func(int) string { return "edge_node_up{node=\"edge-node-000001\"} 1\n" }, 20},
		"another node, the same value": {func(i int) string { return fmt.Sprintf("edge_node_up{node=\"edge-node-%06d\"} 1\n", i) }, 45},
		"devices in turn": {func(i int) string {
			return fmt.Sprintf("edge_node_network_up{node=\"n\",device=\"%s\"} 1\n", []string{"eth0", "a-long-name-0", "wlan-with-a-long-name", "tun"}[i%4])
		}, 45},
	} {
		var b bytes.Buffer
		const lines = 20_000
		for i := range lines {
			b.WriteString(test.line(i))
		}
		got := float64(len(compress(t, NewWriter(nil), b.Bytes(), 1000))) * 8 / lines
		if got > test.most {
			t.Errorf("%s: %.1f bits a line, want at most %v", name, got, test.most)
		}
	}
}

// TestCodeLengths checks that the codes are complete and short enough for
// DEFLATE, even where Huffman's own would be longer, and how good they are.
func TestCodeLengths(t *testing.T) {
	fibonacci := make([]uint32, 40)
	fibonacci[0], fibonacci[1] = 1, 1
	for i := 2; i < len(fibonacci); i++ {
		fibonacci[i] = fibonacci[i-1] + fibonacci[i-2]
	}
	for name, test := range map[string]struct {
		counts []uint32
		bits   int // of all that is counted
	}{
		"two":          {[]uint32{1, 1}, 2},
		"equal":        {[]uint32{5, 5, 5, 5, 5, 5, 5}, 100},
		"one frequent": {[]uint32{1, 1, 1, 1_000_000, 1}, 1_000_012},
		"fibonacci":    {fibonacci, 701_433_202},
	} {
		lengths := make([]uint8, len(test.counts))
		codeLengths(lengths, slices.Clone(test.counts))
		sum, bits := 0.0, 0
		for i, n := range lengths {
			bits += int(n) * int(test.counts[i])
			if n == 0 || n > 15 { // RFC 1951, section 3.2.7
				t.Errorf("%s: a code of %d bits", name, n)
			}
			sum += 1 / float64(uint(1)<<n)
		}
		if sum != 1 {
			t.Errorf("%s: the codes %v fill %v of the space, not all of it", name, lengths, sum)
		}
		if bits != test.bits {
			t.Errorf("%s: with the codes %v it is %d bits, want %d", name, lengths, bits, test.bits)
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

// TestCommon has two lines differ in one byte, and in two that are a word apart and
// differ alike, which a sum of differences would not notice; and in a word that stands
// in the other a byte earlier or later.
func TestCommon(t *testing.T) {
	line := bytes.Repeat([]byte("abcdefgh"), 9)
	for n := range len(line) + 1 {
		if got := common(line[:n], line); got != n {
			t.Errorf("%d bytes that are the same: common says %d", n, got)
		}
		for i := range n {
			other := bytes.Clone(line)
			for j := i; j < len(other); j += 8 {
				other[j] ^= 1
				if got := common(line[:n], other); got != i {
					t.Errorf("%d bytes, different from %d to %d: common says %d", n, i, j, got)
				}
			}
		}
	}
	for at := 0; at < 64; at += 8 {
		for from := max(at-1, 0); from <= at+1; from++ {
			other := bytes.Clone(line)
			copy(other[at:at+8], line[from:])
			want := at
			if from == at {
				want = len(line)
			}
			if there, back := common(line, other), common(other, line); there != want || back != want {
				t.Errorf("at %d the word from %d: common says %d and %d, want %d", at, from, there, back, want)
			}
		}
	}
}
