package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// contend loads a contender with a fleet and returns where it serves the page.
func contend(t *testing.T, name string, d *contender.Data) *process {
	t.Helper()
	c, err := contender.New(name, contender.Options{Data: d})
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Fleet.Len() {
		if err := c.Prepare(d.Report(i, 0))(); err != nil {
			t.Fatal(err)
		}
	}
	if own, ok := c.(interface{ Address() string }); ok && own.Address() != "" {
		return &process{address: own.Address(), path: "/metrics"}
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	return &process{address: strings.TrimPrefix(server.URL, "http://"), path: "/metrics"}
}

func TestContendersServeTheSamePage(t *testing.T) {
	d := contender.NewData(20, time.Now())
	want := expect(d)
	for _, name := range contender.Names() {
		t.Run(name, func(t *testing.T) {
			p := contend(t, name, d)
			if name != "static-gzip" {
				if err := want.check(p, "identity"); err != nil {
					t.Errorf("plain: %v", err)
				}
			}
			if name != "static-plain" {
				if err := want.check(p, "gzip"); err != nil {
					t.Errorf("gzip: %v", err)
				}
			}
		})
	}
}

func TestCheckFindsDifferences(t *testing.T) {
	d := contender.NewData(2, time.Now())
	page := contender.Page(d)
	value := bytes.Index(page, []byte("edge_node_processes{"))
	value += bytes.IndexByte(page[value:], ' ') + 1
	for name, page := range map[string][]byte{
		"a missing series":  page[:bytes.LastIndexByte(page[:len(page)-1], '\n')+1],
		"another value":     append(append(bytes.Clone(page[:value]), '9'), page[value:]...),
		"a series twice":    append(bytes.Clone(page), page[bytes.LastIndexByte(page[:len(page)-1], '\n')+1:]...),
		"an unknown series": append(bytes.Clone(page), "edge_node_foreign{node=\"x\"} 1\n"...),
		"half a line":       append(bytes.Clone(page), "edge_node_up{"...),
	} {
		t.Run(name, func(t *testing.T) {
			want := expect(d)
			c := &checker{expectation: want}
			_, err := c.Write(page)
			if err == nil && len(c.rest) == 0 && c.count == len(want.values) {
				t.Error("not noticed")
			}
		})
	}
	// The page in two writes that break a line.
	c := &checker{expectation: expect(d)}
	for _, part := range [][]byte{page[:1001], page[1001:]} {
		if _, err := c.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if c.count != len(c.values) {
		t.Errorf("%d series of %d", c.count, len(c.values))
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`up`: `up`,
		`edge_node_up{instance="",job="edge",node="a"}`: `edge_node_up{node="a"}`,
		`x{node="a",device="sda"}`:                      `x{device="sda",node="a"}`,
	} {
		if got := canonical(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestStrideVisitsEveryNode(t *testing.T) {
	for _, nodes := range []int{1, 2, 600, 10_000} {
		seen := map[int]bool{}
		for n := range nodes {
			seen[n*stride(nodes)%nodes] = true
		}
		if len(seen) != nodes {
			t.Errorf("%d of %d nodes", len(seen), nodes)
		}
	}
}

func TestFigures(t *testing.T) {
	for got, want := range map[string]string{
		duration(0.0123):                       "12.3 ms",
		duration(0):                            "–",
		duration(4.5e-6):                       "4.50 µs",
		size(1.5e6):                            "1.50 MB",
		significant(1234.5):                    "1,235",
		grouped(1_000_000):                     "1,000,000",
		plural(1, "node"):                      "1 node",
		quantity(0.33333, "times"):             "0.333 times",
		verdict{"x", 2, 1, "", false}.String(): "short  x: 2, bound 1",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := median([]float64{3, 1, 2, 10}); got != 2.5 {
		t.Errorf("median: %v", got)
	}
}

// TestDocumentsAreOfTheResults holds what is written about the results to the
// results.
func TestDocumentsAreOfTheResults(t *testing.T) {
	r, err := load("results.json")
	if os.IsNotExist(err) {
		t.Skip("no results yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"RESULTS.md": r.markdown(r.targets()), "SCALE.md": r.scale()} {
		got, err := os.ReadFile(filepath.Join(".", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what results.json says (%v): go run . render", name, err)
		}
	}
}

// linezip's documentation tells its lead over the best library, and over the standard
// one, by which it stays.
func TestLinezipTellsItsLead(t *testing.T) {
	r, err := load("results.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../pkg/exposition/linezip/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(string(doc), "\n//", "\n")), " ")
	var leads, old []float64
	for _, f := range r.Fleets {
		own := f.Compressors[ours]
		leads = append(leads, f.lead())
		old = append(old, f.Compressors[standard].Seconds/own.Seconds)
		if ratio := float64(own.Bytes) / float64(f.Compressors[klauspost].Bytes); ratio > 1.05 {
			t.Errorf("the page of %d nodes is %.3f times as large as the best library's, and the documentation says 5 %% at most", f.Nodes, ratio)
		}
	}
	if len(leads) != 3 {
		t.Fatalf("results.json is not of `make bench-full`: %d fleets", len(leads))
	}
	want := fmt.Sprintf("%.2f, %.2f and %.2f times less CPU than klauspost/compress at level 1, and %.1f to %.1f times less than the standard library at level 1",
		leads[0], leads[1], leads[2], slices.Min(old), slices.Max(old))
	if !strings.Contains(text, want) {
		t.Errorf("linezip's doc.go lacks: it takes %s", want)
	}
}

// The forms are what their names say: so many series on the page.
func TestForms(t *testing.T) {
	all, err := measureForms(1)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{30, 300, 20, 20} {
		t.Logf("%+v", all[i])
		if f := all[i]; f.Series != want || f.Nanoseconds <= 0 || (f.JSON > 0) != (f.Bytes > 0) {
			t.Errorf("%+v, want %d series", f, want)
		}
	}
}
