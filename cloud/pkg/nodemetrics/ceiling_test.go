package nodemetrics

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The worst reports: many short lines, or fewer with values as long as may be.
func manyLines(n int) string {
	var b strings.Builder
	b.WriteString(`{"cpu":{"secondsTotal":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%x":1`, i)
	}
	return b.String() + "}}}"
}

func longLines(n int) string {
	var b strings.Builder
	b.WriteString(`{"temperatures":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sensor":"%s%06d","celsius":1}`, strings.Repeat(`\u0007`, 250), i)
	}
	return b.String() + "]}"
}

const ceilingVariable = "NODEMETRICS_CEILING"

// All nodes together take no more memory than the limits say, whatever they send:
// on the heap a quarter more than limits.bytes, limits.pendingBytes, and 1 KiB for
// each node; and of the process twice that, as Go's collector has it.
func TestCeiling(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes more memory than the module; make test runs this without it too")
	}
	worst := map[string][][]byte{ // by what they use up
		"series": {[]byte(manyLines(1000)), []byte(longLines(150)), []byte(manyLines(10)), []byte(longLines(75))},
		"bytes":  {[]byte(longLines(150)), []byte(longLines(75))},
	}
	which := os.Getenv(ceilingVariable)
	if which == "" {
		for which := range worst {
			c := exec.Command(os.Args[0], "-test.run=^TestCeiling$", "-test.v")
			c.Env = append(os.Environ(), ceilingVariable+"="+which, "GOGC=100")
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", which, err, out)
			}
		}
		return
	}
	const (
		nodes, series, bytes, pendingBytes = 1000, 60_000, 16 << 20, 4 << 20
		ceiling                            = bytes + bytes/4 + pendingBytes + nodes<<10
	)
	reports := worst[which]
	m := newModule(t, func(c *Config) {
		c.Limits.Nodes, c.Limits.Series, c.Limits.Bytes, c.Limits.PendingBytes = nodes, series, bytes, pendingBytes
		c.Limits.ReportsPerSecond = 5
	})
	for _, r := range reports {
		accept(t, m, message("warm", r)) // what decoding takes is there once
	}
	m.Forget("warm")
	base, resident := heapInUse(), residentBytes(t)
	most, waited := uint64(0), 0
	send := func(i, report int) { _, _ = m.Handle(message(fmt.Sprint("edge-", i), reports[report%len(reports)])) }
	check := func() {
		t.Helper()
		most, waited = max(most, heapInUse()), max(waited, m.pending.used())
		used := m.registry.Used()
		if used.Nodes > nodes || used.Series > series || used.Bytes > bytes || m.pending.used() > pendingBytes {
			t.Fatalf("%+v is taken and %d bytes wait", used, m.pending.used())
		}
	}
	for round := range 2 {
		for i := range nodes + 500 {
			send(i, round+i)
		}
		check()
	}
	for i := range 400 { // over their rate
		for report := range 8 {
			send(i, report+i)
		}
		waited = max(waited, m.pending.used())
	}
	check()
	used := m.registry.Used()
	if used.Nodes != nodes || which == "series" && used.Series < series*9/10 || which == "bytes" && used.Bytes < bytes*9/10 || waited < pendingBytes/2 {
		t.Errorf("only %+v is taken, and %d bytes waited: these are not the worst reports", used, waited)
	}
	if most > base+ceiling {
		t.Errorf("the heap has %d bytes more than at first, want at most %d", most-base, ceiling)
	}
	if now := residentBytes(t); now > resident+2*ceiling {
		t.Errorf("the process has %d bytes more than at first, want at most %d", now-resident, 2*ceiling)
	}
	t.Logf("%+v; heap %d of %d, resident %d of %d", used, most-base, ceiling, residentBytes(t)-resident, 2*ceiling)
}

// residentBytes is how much memory the process has had at most.
func residentBytes(t *testing.T) uint64 {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
