package exposition_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

const chunk = 64 << 10 // the longest write

// writes counts what it is given, and fails once limit bytes have come.
type writes struct {
	strings.Builder
	longest, count, failed int
	limit                  int
}

var errFull = errors.New("full")

func (w *writes) Write(b []byte) (int, error) {
	w.count++
	w.longest = max(w.longest, len(b))
	if w.limit > 0 && w.Len()+len(b) > w.limit {
		w.failed++
		return 0, errFull
	}
	return w.Builder.Write(b)
}

// large returns a registry whose page is several chunks, with pieces of all
// lengths around them and some longer than a chunk, and every sample of it.
func large(t *testing.T) (*registry.Registry, map[string]bool) {
	r := newRegistry(t, registry.Options{})
	m := parse(t, `families:
  - {name: a, help: "a", path: a}
  - {name: b, help: "b", path: b.*, keyLabel: key}
  - {name: c, help: "c", path: c}`)
	want := map[string]bool{}
	for i := range 40 {
		node := fmt.Sprintf("n%03d", i)
		members := []string{`"a": 1`, `"c": 3`}
		for _, name := range []string{"a", "c"} {
			want[fmt.Sprintf("%s{node=%q} %d", name, node, name[0]-'a'+1)] = true
		}
		var keys []string
		for k := range i * i { // at the end 1521 lines of some 70 bytes
			key := strings.Repeat("k", 40) + fmt.Sprint(k)
			keys = append(keys, fmt.Sprintf("%q: %d", key, k))
			want[fmt.Sprintf("b{node=%q,key=%q} %d", node, key, k)] = true
		}
		if len(keys) > 0 {
			members = append(members, `"b": {`+strings.Join(keys, ",")+`}`)
		}
		put(t, r, m, node, "{"+strings.Join(members, ",")+"}")
	}
	return r, want
}

// However pieces lie across the chunks' borders, every line is there once.
func TestChunks(t *testing.T) {
	r, want := large(t)
	var s registry.Snapshot
	r.Snapshot(&s)
	var w writes
	if err := exposition.WriteNodes(&w, &s, exposition.Text004); err != nil {
		t.Fatal(err)
	}
	if w.longest > chunk || w.count != (w.Len()+chunk-1)/chunk || w.count < 10 {
		t.Errorf("%d bytes went in %d writes, the longest of %d bytes", w.Len(), w.count, w.longest)
	}
	family := ""
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n") {
		if name, ok := strings.CutPrefix(line, "# HELP "); ok {
			if name, _, _ = strings.Cut(name, " "); name <= family {
				t.Errorf("family %s comes after %s", name, family)
			} else {
				family = name
			}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !strings.HasPrefix(line, family+"{") {
			t.Fatalf("in family %s stands %q", family, line)
		}
		if seen[line] {
			t.Fatalf("a second line %q", line)
		}
		seen[line] = true
		delete(want, line)
	}
	if len(want) > 0 {
		t.Errorf("%d lines are missing", len(want))
	}
}

// A writer that fails is not written to again, at whatever byte that is, and
// the next page is whole.
func TestFailingWriter(t *testing.T) {
	r, _ := large(t)
	var s registry.Snapshot
	r.Snapshot(&s)
	var whole writes
	if err := exposition.WriteNodes(&whole, &s, exposition.Text004); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, chunk, 3*chunk + 1, whole.Len() - 1} {
		w := writes{limit: limit}
		if err := exposition.WriteNodes(&w, &s, exposition.Text004); err != errFull {
			t.Errorf("a writer that fails after %d bytes gives %v", limit, err)
		}
		if w.failed != 1 {
			t.Errorf("after its error the writer got %d writes more", w.failed-1)
		}
		if !strings.HasPrefix(whole.String(), w.String()) {
			t.Errorf("up to its error after %d bytes the writer got another page", limit)
		}
		var again writes
		if err := exposition.WriteNodes(&again, &s, exposition.Text004); err != nil || again.String() != whole.String() {
			t.Errorf("after a writer failed, the next page is another one; error %v", err)
		}
	}
}

// So do the lines of nodes that are down, of which the blocks are not swept
// yet, or have never had a report.
func TestChunksOfDownNodes(t *testing.T) {
	r, _ := large(t)
	o := r.Options()
	o.Overrides = []registry.Override{{Nodes: "*", TTL: time.Nanosecond}}
	o.ExpectGrace = time.Nanosecond
	if err := r.SetOptions(o); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for i := range 40 {
		want[fmt.Sprintf("edge_node_up{node=\"n%03d\"} 0", i)] = true
	}
	for i := range 3000 {
		node := strings.Repeat("x", 1+i%100) + fmt.Sprint(i)
		if err := r.Expect(node); err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprintf("edge_node_up{node=%q} 0", node)] = true
	}
	text := page(t, r, "")
	if len(text) < 3*chunk {
		t.Fatalf("the page is only %d bytes long", len(text))
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "edge_node_up{") && !want[line] {
			t.Errorf("a line %q, wrong or a second time", line)
		}
		delete(want, line)
		if strings.HasPrefix(line, "a{") || strings.HasPrefix(line, "b{") || strings.HasPrefix(line, "c{") {
			t.Fatalf("of a node that is down there is %q", line)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d lines are missing", len(want))
	}
}
