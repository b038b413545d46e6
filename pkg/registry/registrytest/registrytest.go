// Package registrytest has what the tests of packages registry, savefile and
// exposition do alike: make nodes report, and read what a scrape shows of them.
package registrytest

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Mapping parses a mapping file.
func Mapping(tb testing.TB, spec string) *mapping.Mapping {
	tb.Helper()
	m, err := mapping.Parse([]byte(spec))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// New returns an empty registry.
func New(tb testing.TB, o registry.Options) *registry.Registry {
	tb.Helper()
	r, err := registry.New(o, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Decode decodes a message by m, within generous limits.
func Decode(tb testing.TB, m *mapping.Mapping, message string) *mapping.Report {
	tb.Helper()
	d, err := mapping.NewDecoder(m, "", mapping.Limits{LabelValueBytes: mapping.MaxLabelValueBytes, Bytes: 1 << 24, Samples: 1 << 16})
	if err != nil {
		tb.Fatal(err)
	}
	var r mapping.Report
	if err := d.Decode(message, &r); err != nil {
		tb.Fatal(err)
	}
	return &r
}

// Put takes in a report of node, a message that m maps.
func Put(tb testing.TB, r *registry.Registry, m *mapping.Mapping, node, message string) {
	tb.Helper()
	if err := r.Put(node, Decode(tb, m, message)); err != nil {
		tb.Fatal(err)
	}
}

// Lines returns what a scrape shows, sorted.
func Lines(r *registry.Registry) []string {
	var s registry.Snapshot
	r.Snapshot(&s)
	defer s.Release()
	var lines []string
	for _, g := range s.Groups {
		for _, b := range g.Blocks {
			lines = append(lines, Shown(g, b)...)
		}
	}
	slices.Sort(lines)
	return lines
}

// Shown returns the lines of one block.
func Shown(g registry.Group, b registry.Block) []string {
	var shown []string
	node, lines := b.Split()
	for len(lines) > 0 {
		name := g.Families[lines.Family()].Name
		end, rest := lines.Next()
		lines = rest
		shown = append(shown, name+string(node)+strings.TrimSuffix(string(end), "\n"))
	}
	return shown
}
