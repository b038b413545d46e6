//go:build go1.25

//go:debug asynctimerchan=0

package savefile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/registry/registrytest"
)

const spec = `
timestamp: {path: time}
interval: {path: interval}
families:
  - {name: a_value, help: h, path: value}
  - {name: z_total, help: h, path: total, type: counter}
  - {name: z_values, help: h, path: values.*, keyLabel: key}
`

var (
	parse       = registrytest.Mapping
	newRegistry = registrytest.New
	put         = registrytest.Put
	lines       = registrytest.Lines
)

func same(tb testing.TB, when string, got, want []string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("%s a scrape shows\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// restart saves what r knows, lets time pass, and returns a new registry that has
// read that.
func restart(tb testing.TB, r *registry.Registry, m *mapping.Mapping, o registry.Options, after time.Duration) *registry.Registry {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "nodes")
	if _, err := Write(path, r); err != nil {
		tb.Fatal(err)
	}
	time.Sleep(after)
	next := newRegistry(tb, o)
	if _, err := Read(path, next, m); err != nil {
		tb.Fatal(err)
	}
	return next
}

// A node inside its TTL is shown as it was, and expires when it would have.
func TestRestartShowsWhatWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := registry.Options{NodeTTL: 3 * time.Minute}, parse(t, spec)
		r := newRegistry(t, o)
		put(t, r, m, "edge-1", `{"time": 946684801, "interval": 60, "value": 1.5, "total": 7, "values": {"x": 1, "é\"\\\n": 2}, "bad": 1}`)
		put(t, r, m, "n\"\\\n", `{"value": "Inf"}`)
		put(t, r, m, "nothing", `{}`)
		put(t, r, m, "dropped", `{"value": "no number", "total": -1}`)
		put(t, r, m, "slow", `{"interval": 600, "value": 1}`)
		want, used := lines(r), r.Used()
		next := restart(t, r, m, o, time.Minute)
		same(t, "after a restart", lines(next), want)
		if got := next.Used(); got != used {
			t.Errorf("%+v is taken, %+v was", got, used)
		}
		if next.Count(registry.Appeared) != 0 {
			t.Error("nodes are said to have appeared")
		}
		time.Sleep(2*time.Minute - time.Nanosecond)
		same(t, "at the end of the TTL", lines(next), want)
		time.Sleep(time.Nanosecond)
		if st := next.Stats(); st.Fresh != 1 || st.Expired != 4 {
			t.Errorf("after the TTL there are %+v, want slow alone fresh", st)
		}
		time.Sleep(27 * time.Minute)
		if st := next.Stats(); st.Fresh != 0 || st.Expired != 5 {
			t.Errorf("after three intervals there are %+v", st)
		}
		next.Sweep()
		if got := next.Count(registry.ExpiredByTTL); got != 5 {
			t.Errorf("%d nodes are counted as expired, want 5", got)
		}
	})
}

// A node whose TTL passed while nobody could hear it is not down before it had its
// chance. One that was down stays so.
func TestRestartAfterTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := registry.Options{NodeTTL: 3 * time.Minute, Retention: 24 * time.Hour,
			Overrides: []registry.Override{{Nodes: "patient", TTL: 8 * time.Minute}}}, parse(t, spec)
		r := newRegistry(t, o)
		put(t, r, m, "down", `{"value": 1}`)
		if err := r.Expect("never"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		put(t, r, m, "n", `{"time": 946685100, "value": 1}`)
		put(t, r, m, "ten minutes", `{"interval": 600, "value": 1}`)
		put(t, r, m, "patient", `{"value": 1}`)
		down := []string{
			`edge_node_last_report_timestamp_seconds{node="down"} 946684800.000`,
			`edge_node_up{node="down"} 0`,
			`edge_node_up{node="never"} 0`,
		}
		next := restart(t, r, m, o, time.Hour)
		if err := next.Expect("n"); err != nil {
			t.Error(err)
		}
		same(t, "after the restart", lines(next), down)
		time.Sleep(3*time.Minute - time.Nanosecond)
		same(t, "before the grace ends", lines(next), down)
		time.Sleep(time.Nanosecond)
		same(t, "after the grace", lines(next), []string{
			`edge_node_last_report_timestamp_seconds{node="down"} 946684800.000`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946685100.000`,
			`edge_node_up{node="down"} 0`,
			`edge_node_up{node="n"} 0`,
			`edge_node_up{node="never"} 0`})
		time.Sleep(5*time.Minute - time.Nanosecond)
		if st := next.Stats(); st.Pending != 2 {
			t.Errorf("before its override ends there are %+v, want patient pending too", st)
		}
		put(t, next, m, "ten minutes", `{"time": 5, "interval": 600, "value": 2}`)
		put(t, next, m, "n", `{"time": 946685099, "value": 2}`)
		time.Sleep(time.Nanosecond)
		if st := next.Stats(); st.Pending != 0 || st.Fresh != 2 || st.Expired != 3 {
			t.Errorf("at last there are %+v", st)
		}
		time.Sleep(24 * time.Hour)
		next.Sweep()
		if st := next.Stats(); st.Fresh+st.Expired+st.Pending > 3 {
			t.Errorf("after the retention there are %+v", st)
		}
	})
}

// The grace after a start can be set.
func TestRestartGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := registry.Options{NodeTTL: time.Minute, ExpectGrace: 20 * time.Minute}, parse(t, spec)
		r := newRegistry(t, o)
		put(t, r, m, "n", `{"value": 1}`)
		next := restart(t, r, m, o, time.Hour)
		time.Sleep(20*time.Minute - time.Nanosecond)
		same(t, "before the grace ends", lines(next), nil)
		time.Sleep(time.Nanosecond)
		if st := next.Stats(); st.Expired != 1 {
			t.Errorf("after the grace there are %+v", st)
		}
	})
}

// The first report after a start is taken whatever its time, and a session that
// ended before does not count for longer than it would have.
func TestRestartThenReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := registry.Options{NodeTTL: 3 * time.Minute, DisconnectGrace: 90 * time.Second}, parse(t, spec)
		r := newRegistry(t, o)
		put(t, r, m, "n", `{"value": 1, "values": {"x": 1}}`)
		put(t, r, m, "moved", `{"value": 1}`)
		r.Disconnected("moved")
		next := restart(t, r, m, o, 20*time.Second)
		if st := next.Stats(); st.Fresh != 2 {
			t.Errorf("there are %+v", st)
		}
		put(t, next, m, "n", `{"value": 2}`)
		same(t, "after a report", lines(next), []string{
			`a_value{node="moved"} 1`,
			`a_value{node="n"} 2`,
			`edge_node_last_report_timestamp_seconds{node="moved"} 946684800.000`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684820.000`,
			`edge_node_report_interval_seconds{node="n"} 20`,
			`edge_node_up{node="moved"} 1`,
			`edge_node_up{node="n"} 1`})
		time.Sleep(70 * time.Second)
		if st := next.Stats(); st.Fresh != 1 || st.Expired != 1 {
			t.Errorf("after the grace of the one that moved there are %+v", st)
		}
		// What is known already is newer than the file.
		again := restart(t, r, m, o, 0)
		put(t, next, m, "n", `{"value": 3}`)
		path := filepath.Join(t.TempDir(), "nodes")
		if _, err := Write(path, again); err != nil {
			t.Fatal(err)
		}
		if n, err := Read(path, next, m); n != 0 || err != nil {
			t.Errorf("%d nodes that are known were taken, error %v", n, err)
		}
	})
}

// The lines of a mapping that was changed in between are those of the families that
// are still there.
func TestRestartWithAnotherMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(t, registry.Options{})
		old := parse(t, spec)
		put(t, r, old, "n", `{"value": 1, "total": 2, "values": {"x": 3}}`)
		m := parse(t, `families:
  - {name: b_new, help: h, path: b}
  - {name: z_values, help: h, path: values.*, keyLabel: key}`)
		put(t, r, m, "turned", `{"b": 1}`)
		next := restart(t, r, m, registry.Options{}, 0)
		same(t, "after the restart", lines(next), []string{
			`b_new{node="turned"} 1`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`,
			`edge_node_last_report_timestamp_seconds{node="turned"} 946684800.000`,
			`edge_node_up{node="n"} 1`,
			`edge_node_up{node="turned"} 1`,
			`z_values{node="n",key="x"} 3`})
		if u := next.Used(); u.Series != 6 {
			t.Errorf("%+v is taken, want 6 series", u)
		}
	})
}

// sample is a small file.
func sample(tb testing.TB) []byte {
	tb.Helper()
	r, m := newRegistry(tb, registry.Options{}), parse(tb, spec)
	put(tb, r, m, "n", `{"time": 1000, "value": 1, "values": {"x": 3}}`)
	if err := r.Expect("e"); err != nil {
		tb.Fatal(err)
	}
	put(tb, r, parse(tb, spec), "o", `{"value": 2}`)
	path := filepath.Join(tb.TempDir(), "nodes")
	if n, err := Write(path, r); n != 2 || err != nil {
		tb.Fatalf("%d nodes written, error %v", n, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// refused wants that nothing of data is taken.
func refused(t *testing.T, what string, data []byte) {
	t.Helper()
	r := newRegistry(t, registry.Options{})
	n, err := decode(bytes.NewReader(data), int64(len(data)), r, parse(t, spec))
	if n != 0 || !errors.Is(err, ErrNotUsable) || len(lines(r)) > 0 {
		t.Errorf("%s: %d nodes taken, error %v", what, n, err)
	}
}

// A file that is damaged anywhere is refused whole.
func TestDamaged(t *testing.T) {
	good := sample(t)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		refused(t, fmt.Sprintf("byte %d changed", i), bad)
		refused(t, fmt.Sprintf("cut at %d", i), good[:i])
	}
	refused(t, "another version", bytes.Replace(good, []byte("nodes 1"), []byte("nodes 2"), 1))
	refused(t, "more behind its end", append(slices.Clone(good), 0))
	refused(t, "something else", bytes.Repeat([]byte("modules: {}\n"), 100))
}

// sealed is a file with any content and the right checksum.
func sealed(body []byte) []byte {
	data := append([]byte(magic), body...)
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

// What cannot be opened or is no file is an error at once.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe} {
		if _, err := Read(path, newRegistry(t, registry.Options{}), parse(t, spec)); !errors.Is(err, ErrNotUsable) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Read(filepath.Join(dir, "none"), newRegistry(t, registry.Options{}), parse(t, spec)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Write(filepath.Join(dir, "none", "nodes"), newRegistry(t, registry.Options{})); err == nil {
		t.Error("written into a directory that is not there")
	}
}

// An error leaves the old file, and nothing unfinished.
func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nodes")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(path, newRegistry(t, registry.Options{})); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("over a directory: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

const killed = "SAVEFILE_TEST_KILLED"

// A process that is killed at any moment leaves a file that can be read.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killed); path != "" {
		r, m := newRegistry(t, registry.Options{}), parse(t, spec)
		for i := range 2000 {
			put(t, r, m, fmt.Sprint("n", i), `{"value": 1, "total": 2, "values": {"x": 3, "y": 4}}`)
		}
		for range 10_000 {
			if _, err := Write(path, r); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	path := filepath.Join(t.TempDir(), "nodes")
	for i := range 10 {
		c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		c.Env = append(os.Environ(), killed+"="+path)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		first := time.Now().Add(30 * time.Second)
		for time.Now().Before(first) {
			if _, err := os.Stat(path); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(i*7) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		if n, err := Read(path, newRegistry(t, registry.Options{}), parse(t, spec)); n != 2000 || err != nil {
			t.Fatalf("after kill %d: %d nodes, error %v", i, n, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) > 2 {
		t.Errorf("kills left behind: %v, %v", entries, err)
	}
}

// Whatever a file holds, it is taken or refused, and what is taken can be shown.
func FuzzRead(f *testing.F) {
	good := sample(f)
	f.Add(good[len(magic) : len(good)-checksumBytes])
	f.Add([]byte("E\x00"))
	f.Add([]byte("F\x01\x01aN\x01n\x00\x00\x00"))
	m := parse(f, spec)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRegistry(t, registry.Options{})
		data := sealed(body)
		n, err := decode(bytes.NewReader(data), int64(len(data)), r, m)
		if err != nil && n > 0 {
			t.Errorf("%d nodes of a refused file were taken", n)
		}
		shown := lines(r)
		for _, line := range shown {
			if strings.Contains(line, "\n") || !strings.Contains(line, "} ") {
				t.Errorf("a line is %q", line)
			}
		}
		if st := r.Stats(); st.Series != len(shown) {
			t.Errorf("%+v are counted, %d series are shown", st, len(shown))
		}
		if err == nil {
			var again bytes.Buffer
			if _, err := encode(&again, r); err != nil {
				t.Fatal(err)
			}
			if _, err := decode(bytes.NewReader(again.Bytes()), int64(again.Len()), newRegistry(t, registry.Options{}), m); err != nil {
				t.Errorf("what was taken and written again is refused: %v", err)
			}
		}
	})
}
