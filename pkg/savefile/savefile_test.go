//go:build go1.25

//go:debug asynctimerchan=0

package savefile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
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

// Neither reading nor writing leaves a file open.
func TestFilesAreClosed(t *testing.T) {
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	put(t, r, m, "n", `{"value": 1}`)
	path := filepath.Join(t.TempDir(), "nodes")
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close them too
	before := open()
	for range 50 {
		if _, err := Write(path, r); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, newRegistry(t, registry.Options{}), m); err != nil {
			t.Fatal(err)
		}
	}
	if after := open(); after >= before+40 {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

// What is wrong with a file is said with its name.
func TestDamagedFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(path, sample(t)[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Read(path, newRegistry(t, registry.Options{}), parse(t, spec))
	if n != 0 || !errors.Is(err, ErrNotUsable) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("%d nodes, error %v", n, err)
	}
}

// What cannot be opened or is no file is an error at once.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe} {
		if n, err := Read(path, newRegistry(t, registry.Options{}), parse(t, spec)); n != 0 || !errors.Is(err, ErrNotUsable) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n, err := Read(filepath.Join(dir, "none"), newRegistry(t, registry.Options{}), parse(t, spec)); n != 0 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if n, err := Write(filepath.Join(dir, "none", "nodes"), newRegistry(t, registry.Options{})); n != 0 || err == nil {
		t.Error("written into a directory that is not there")
	}
}

// full takes so many bytes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errDisk
	}
	return len(b), nil
}

// A disk that is full is told, wherever that is.
func TestDiskFull(t *testing.T) {
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	for i := range 2000 {
		put(t, r, m, fmt.Sprint("n", i), `{"value": 1, "total": 2, "values": {"x": 3, "y": 4}}`)
	}
	for _, room := range []int{0, 1 << 16, 1 << 17, 1 << 30} {
		f := full(room)
		n, err := encode(&f, r)
		if whole := room == 1<<30; whole != (err == nil) || whole != (n == 2000) || !whole && (n != 0 || !errors.Is(err, errDisk)) {
			t.Errorf("with room for %d bytes: %d nodes, error %v", room, n, err)
		}
	}
}

// An error leaves the old file, and nothing unfinished.
func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nodes")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if n, err := Write(path, newRegistry(t, registry.Options{})); n != 0 || err == nil || !strings.Contains(err.Error(), path) {
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

// The file is byte for byte what its format says; whoever changes that gives it
// another version.
func TestFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRegistry(t, registry.Options{}), parse(t, spec)
		put(t, r, m, "n", `{"time": 946684799.5, "interval": 60, "value": 1, "total": "x"}`)
		time.Sleep(time.Second)
		r.Disconnected("n")
		var file bytes.Buffer
		if n, err := encode(&file, r); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		families := ""
		for _, f := range m.Families() {
			families += string(rune(len(f.Name))) + f.Name
		}
		lines := ""
		index := func(name string) string {
			return string(rune(slices.IndexFunc(m.Families(), func(f mapping.Family) bool { return f.Name == name })))
		}
		for _, line := range [][2]string{{"a_value", "} 1\n"}, {"edge_node_clock_skew_seconds", "} -0.500\n"},
			{"edge_node_last_report_timestamp_seconds", "} 946684800.000\n"}, {"edge_node_report_interval_seconds", "} 60\n"},
			{"edge_node_samples_dropped", "} 1\n"}, {"edge_node_up", "} 1\n"}} {
			lines += index(line[0]) + "\x00" + string(rune(len(line[1]))) + "\x00\x00\x00" + line[1]
		}
		block := "\x09\x00\x00\x00{node=\"n\"" + lines
		want := "edgegauge nodes 1\n" +
			"F" + string(rune(len(m.Families()))) + families +
			"N\x01n" + "\x00" + // up
			"\x80\xb0\xfd\xac\x8d\x37" + // received 946684800000 ms, zigzag
			"\xf0\xbd\x88\xad\x8d\x37" + // the grace ends 91 s later
			"\x00\x00\xc0\xbf\xa1\x36\xcc\x41" + // 946684799.5
			"\x00\x00\x00\x00\x00\x00\x4e\x40" + // 60
			"\x01" + // dropped
			string(binary.AppendUvarint(nil, uint64(len(block)))) + block +
			"E\x01"
		sum := sha256.Sum256([]byte(want))
		if got := file.String(); got != want+string(sum[:]) {
			t.Errorf("the file is\n%q\nwant\n%q", got, want)
		}
	})
}

// Nodes of mappings of equally many families keep their own.
func TestSameNumberOfFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(t, registry.Options{})
		var specs []string
		for i := range 3 {
			specs = append(specs, fmt.Sprintf(`families:
  - {name: a%d, help: h, path: px}
  - {name: z%[1]d, help: h, path: py}`, i))
		}
		whole := parse(t, `families: [{name: a0, help: h, path: px}, {name: a1, help: h, path: px}, {name: a2, help: h, path: px},
  {name: z0, help: h, path: py}, {name: z1, help: h, path: py}, {name: z2, help: h, path: py}]`)
		for i := range 60 { // so that they take turns in the file
			put(t, r, parse(t, specs[i%3]), fmt.Sprint("n", i), fmt.Sprintf(`{"px": %d, "py": %d}`, i, -i))
		}
		want := lines(r)
		next := restart(t, r, whole, registry.Options{}, 0)
		same(t, "after the restart", lines(next), want)
	})
}

// A node with more lines than are read in one step is whole.
func TestLargeBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRegistry(t, registry.Options{}), parse(t, spec)
		var message strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&message, `,"a key of some forty bytes, number %08d": %d`, i, i)
		}
		put(t, r, m, "n", `{"values": {`+message.String()[1:]+`}}`)
		want := lines(r)
		if next := lines(restart(t, r, m, registry.Options{}, 0)); !slices.Equal(next, want) || len(want) < 50_000 {
			t.Errorf("%d lines after the restart, %d before, and not the same", len(next), len(want))
		}
	})
}

// Families are written once for all nodes that have them.
func TestFamiliesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, m := newRegistry(t, registry.Options{}), parse(t, spec)
		for i := range 100 {
			put(t, r, m, fmt.Sprint("n", i), `{"value": 1}`)
		}
		var file bytes.Buffer
		if n, err := encode(&file, r); n != 100 || err != nil {
			t.Fatal(n, err)
		}
		if got := bytes.Count(file.Bytes(), []byte("edge_node_clock_skew_seconds")); got != 1 {
			t.Errorf("the families stand there %d times", got)
		}
	})
}

// What an unfinished file left is overwritten, and the file is its owner's alone.
func TestUnfinishedIsOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(path+".unfinished", bytes.Repeat([]byte("x"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	put(t, r, m, "n", `{"value": 1}`)
	if n, err := Write(path, r); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := Read(path, newRegistry(t, registry.Options{}), m); n != 1 || err != nil {
		t.Errorf("%d nodes, error %v", n, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v, error %v", info.Mode(), err)
	}
	fresh := filepath.Join(t.TempDir(), "nodes")
	if _, err := Write(fresh, r); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v, error %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + ".unfinished"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished file is still there: %v", err)
	}
}

// What is in the place of the unfinished file keeps nothing from being written, and is
// not written to.
func TestUnfinishedIsSomethingElse(t *testing.T) {
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	put(t, r, m, "n", `{"value": 1}`)
	for name, place := range map[string]func(path string) error{
		"a pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a link": func(path string) error {
			if err := os.WriteFile(path+".other", []byte("x"), 0o600); err != nil {
				return err
			}
			return os.Symlink(path+".other", path)
		},
		"a file that cannot be written": func(path string) error { return os.WriteFile(path, nil, 0o400) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "nodes")
			if err := place(path + ".unfinished"); err != nil {
				t.Fatal(err)
			}
			written := make(chan error, 1)
			go func() {
				_, err := Write(path, r)
				written <- err
			}()
			select {
			case err := <-written:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("writing waits")
			}
			if n, err := Read(path, newRegistry(t, registry.Options{}), m); n != 1 || err != nil {
				t.Errorf("%d nodes, error %v", n, err)
			}
			if data, err := os.ReadFile(path + ".unfinished.other"); err == nil && string(data) != "x" {
				t.Errorf("what a link leads to has %d bytes", len(data))
			}
		})
	}
}

// What is no file is not replaced by one.
func TestNoFileIsReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, path := range []string{dir, pipe, socket} {
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := Write(path, newRegistry(t, registry.Options{})); n != 0 || err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %d nodes, error %v", path, n, err)
		}
		if after, err := os.Lstat(path); err != nil || after.Mode() != before.Mode() {
			t.Errorf("%s was %v, is %v, error %v", path, before.Mode(), after.Mode(), err)
		}
	}
}

// A file with the right checksum and something wrong in it is refused whole, with
// what is wrong.
func TestWrongInside(t *testing.T) {
	good := sample(t)
	body := string(good[len(magic) : len(good)-checksumBytes])
	end := body[len(body)-2:]
	if end != "E\x02" {
		t.Fatalf("it ends with %q", end)
	}
	body = strings.TrimSuffix(body, end)
	text := func(n int) string { return string([]byte{byte(n&0x7f | 0x80), byte(n >> 7)}) + strings.Repeat("n", n) }
	number := func(n uint64) string { return string(binary.AppendUvarint(nil, n)) }
	for what, test := range map[string]struct{ body, want string }{
		"fewer nodes than it says": {body + "E\x03", "it has 2 nodes, and says 3"},
		"more nodes than it says":  {body + "E\x01", "it has 2 nodes, and says 1"},
		"more behind its end":      {body + end + "E", "it goes on behind its end"},
		"no end":                   {body, "it ends too early"},
		"half an end":              {body + "E", "it ends too early"},
		"another record":           {body + "X" + end, `there is no record 'X'`},
		"a node that is none":      {body + "N\x01m\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x00\x00" + "E\x03", "the block of another"},
		"a node cut short":         {body + "N\x01m\x00\x00\x00" + strings.Repeat("\x00", 15), "it ends too early"},
		"neither up nor down":      {body + "N\x01m\x02", "a number is 2, more than 1"},
		"a name too long":          {body + "N" + text(longestText+1), "more than 1024"},
		"the longest name":         {body + "N" + text(longestText) + "\x00\x00\x00" + strings.Repeat("\x00", 18) + "E\x03", "no name that a node can have"},
		"too many families":        {body + "F" + number(mostFamilies+1), "a number is 65537, more than 65536"},
		"families cut short":       {body + "F" + number(mostFamilies) + "\x01a", "it ends too early"},
		"a block too long": {body + "N\x01m\x00\x00\x00" + strings.Repeat("\x00", 17) + number(longestBlock+1),
			"a number is 268435457, more than 268435456"},
		"a block cut short": {body + "N\x01m\x00\x00\x00" + strings.Repeat("\x00", 17) + number(longestBlock) + "x", "it ends too early"},
		"too many dropped":  {body + "N\x01m\x00\x00\x00" + strings.Repeat("\x00", 16) + number(1<<31), "a number is 2147483648, more than 2147483647"},
		"an endless time":   {body + "N\x01m\x00" + strings.Repeat("\xff", 11) + "\x00" + strings.Repeat("\x00", 18) + "E\x03", "overflow"},
		"an endless number": {body + "E" + strings.Repeat("\xff", 20), "overflow"},
	} {
		r := newRegistry(t, registry.Options{})
		data := sealed([]byte(test.body))
		n, err := decode(bytes.NewReader(data), int64(len(data)), r, parse(t, spec))
		if n != 0 || err == nil || !strings.Contains(err.Error(), test.want) || len(lines(r)) > 0 {
			t.Errorf("%s: %d nodes taken, error %v, want %q", what, n, err, test.want)
		}
		if !strings.HasPrefix(what, "an endless") && !errors.Is(err, ErrNotUsable) {
			t.Errorf("%s: the error is not %v: %v", what, ErrNotUsable, err)
		}
	}
	for size, want := range map[int64]bool{51: true, 52: false, 1 << 34: false, 1<<34 + 1: true} {
		_, err := decode(bytes.NewReader(nil), size, newRegistry(t, registry.Options{}), parse(t, spec))
		if errors.Is(err, ErrNotUsable) != want || want && !strings.Contains(err.Error(), fmt.Sprint(size)) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	empty := sealed([]byte("E\x00"))
	if n, err := decode(bytes.NewReader(empty), int64(len(empty)), newRegistry(t, registry.Options{}), parse(t, spec)); n != 0 || err != nil {
		t.Errorf("the shortest file: %d nodes, error %v", n, err)
	}
}

// A reader that fails is named as it is: that says nothing of the file.
func TestReadingFails(t *testing.T) {
	good := sample(t)
	for at := range len(good) + 1 {
		for times := range 2 { // the first time it is read, and the second
			f := &failing{Reader: *bytes.NewReader(good), at: at, times: times}
			n, err := decode(f, int64(len(good)), newRegistry(t, registry.Options{}), parse(t, spec))
			if err != nil && n != 0 {
				t.Errorf("failing at %d: %d nodes and %v", at, n, err)
			}
			// The second time the checksum is not read.
			if at < len(good)-times*checksumBytes && at >= times*len(magic) && !errors.Is(err, errDisk) {
				t.Errorf("failing at %d of %d, time %d: %v", at, len(good), times, err)
			}
			if errors.Is(err, ErrNotUsable) {
				t.Errorf("failing at %d the file is said to be wrong: %v", at, err)
			}
		}
	}
}

// unseekable is a file that cannot be read a second time.
type unseekable struct{ *bytes.Reader }

func (unseekable) Seek(int64, int) (int64, error) { return 0, errDisk }

func TestSeekingFails(t *testing.T) {
	good := sample(t)
	n, err := decode(unseekable{bytes.NewReader(good)}, int64(len(good)), newRegistry(t, registry.Options{}), parse(t, spec))
	if n != 0 || !errors.Is(err, errDisk) {
		t.Errorf("%d nodes, error %v", n, err)
	}
}

var errDisk = errors.New("the disk fails")

// failing fails at an offset, once it has been read before so often.
type failing struct {
	bytes.Reader
	at, times int
}

func (f *failing) Read(b []byte) (int, error) {
	pos := int(f.Size()) - f.Len()
	if f.times == 0 && pos+len(b) > f.at {
		if pos >= f.at {
			f.times = -1 // once
			return 0, errDisk
		}
		b = b[:f.at-pos]
	}
	return f.Reader.Read(b)
}

func (f *failing) Seek(offset int64, whence int) (int64, error) {
	f.times--
	return f.Reader.Seek(offset, whence)
}

// A whole file of another version is refused for that.
func TestAnotherVersion(t *testing.T) {
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	put(t, r, m, "n", `{"value": 1}`)
	path := filepath.Join(t.TempDir(), "nodes")
	if _, err := Write(path, r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(magic)-2]++
	sum := sha256.Sum256(data[:len(data)-sha256.Size])
	copy(data[len(data)-sha256.Size:], sum[:])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Read(path, newRegistry(t, registry.Options{}), m)
	if n != 0 || !errors.Is(err, ErrNotUsable) || !strings.Contains(err.Error(), "begins with") {
		t.Errorf("%d nodes are taken, error %v", n, err)
	}
}

// A disk that is full costs neither the old file nor what there is no room for.
func TestDiskFullKeepsTheOldFile(t *testing.T) {
	r, m := newRegistry(t, registry.Options{}), parse(t, spec)
	put(t, r, m, "n", `{"value": 1}`)
	path := filepath.Join(t.TempDir(), "nodes")
	if _, err := Write(path, r); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path+temporary); err != nil {
		t.Skip(err)
	}
	f, err := os.OpenFile(path+temporary, os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	if _, err := finish(f, path, r); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want that there is no room", err)
	}
	if _, err := os.Lstat(path + temporary); err == nil {
		t.Error("the unfinished file is left")
	}
	if n, err := Read(path, newRegistry(t, registry.Options{}), m); n != 1 || err != nil {
		t.Errorf("of the old file %d nodes are taken, error %v", n, err)
	}
}
