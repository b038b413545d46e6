//go:build go1.25

package nodemetrics

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// withSnapshot runs a module without a listener of its own until stop is called.
func withSnapshot(t *testing.T, file string, change func(*Config)) (m *Module, stop func()) {
	t.Helper()
	m = newModule(t, func(c *Config) {
		c.BindAddress, c.SnapshotFile = "", file
		if change != nil {
			change(c)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	synctest.Wait()
	return m, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// nodeLines are the lines of nodes on the page.
func nodeLines(m *Module) string {
	var lines []string
	for _, line := range strings.Split(page(m), "\n") {
		if strings.Contains(line, `{node="`) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// After a restart the nodes are shown as they were, and expire when they would
// have.
func TestSnapshotFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "nodes")
		log := captureLog(t)
		m, stop := withSnapshot(t, file, nil)
		if !strings.Contains(log(), "no snapshot file yet") {
			t.Errorf("the log has\n%s", log())
		}
		for i := range 10 {
			accept(t, m, message(fmt.Sprint("edge-", i), `{"timestamp":946684800,"intervalSeconds":30,`+memory("7")[1:]))
		}
		before := nodeLines(m)
		stop()
		time.Sleep(time.Minute)

		log = captureLog(t)
		m, stop = withSnapshot(t, file, nil)
		if after := nodeLines(m); after != before || !strings.Contains(after, `edge_node_report_interval_seconds{node="edge-3"} 30`) {
			t.Errorf("after a restart the page has\n%s\nbefore it had\n%s", after, before)
		}
		if !strings.Contains(log(), "nodes=10") {
			t.Errorf("the log has\n%s", log())
		}
		time.Sleep(2*time.Minute - time.Nanosecond)
		wantLine(t, m, `edge_node_up{node="edge-3"} 1`)
		time.Sleep(time.Nanosecond)
		wantLine(t, m, `edge_node_up{node="edge-3"} 0`)
		stop()
	})
}

// A process that is killed has the file of at most a minute ago.
func TestSnapshotFileNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "nodes")
		m, stop := withSnapshot(t, file, nil)
		defer stop()
		accept(t, m, message("edge", memory("7")))
		wantLine(t, m, "nodemetrics_snapshot_file_last_success_timestamp_seconds 0")
		time.Sleep(snapshotPeriod + time.Second)
		synctest.Wait()
		other, stop := withSnapshot(t, copyOf(t, file), nil)
		defer stop()
		wantLine(t, other, `edge_node_memory_total_bytes{node="edge"} 7`)
		wantLine(t, m, fmt.Sprint("nodemetrics_snapshot_file_last_success_timestamp_seconds ", "9.4668486e+08"))
	})
}

func copyOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "copy"), string(data))
}

// A file that cannot be used costs a line in the log and is written anew; one that
// cannot be written costs a line too, however often it is tried.
func TestSnapshotFileUnusable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := write(t, filepath.Join(t.TempDir(), "nodes"), "something else\n")
		log := captureLog(t)
		m, stop := withSnapshot(t, file, nil)
		if n := strings.Count(log(), "The snapshot file is not used"); n != 1 || !strings.Contains(log(), file) {
			t.Errorf("the log has\n%s", log())
		}
		wantLine(t, m, "nodemetrics_snapshot_file_errors_total 1")
		accept(t, m, message("edge", memory("7")))
		stop()
		m, stop = withSnapshot(t, file, nil)
		wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 7`)
		stop()

		log = captureLog(t)
		_, stop = withSnapshot(t, filepath.Join(file, "nodes"), nil)
		time.Sleep(10 * snapshotPeriod)
		synctest.Wait()
		if n := strings.Count(log(), "could not be written"); n != 1 {
			t.Errorf("logged %d times, want once:\n%s", n, log())
		}
		stop()
	})
}

// The grace after a start can be set, and is at least a node's last known TTL.
func TestExpectGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "nodes")
		grace := func(c *Config) { c.ExpectGrace.Duration = 12 * time.Minute }
		m, stop := withSnapshot(t, file, grace)
		accept(t, m, message("edge", `{"intervalSeconds":60,`+memory("7")[1:]))
		accept(t, m, message("slow", `{"intervalSeconds":600,`+memory("7")[1:]))
		stop()
		time.Sleep(time.Hour)
		m, stop = withSnapshot(t, file, grace)
		defer stop()
		for _, node := range []string{"edge", "slow", "new"} {
			if err := m.Expect(node); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(12*time.Minute - time.Nanosecond)
		wantNoLine(t, m, "edge_node_up{")
		time.Sleep(time.Nanosecond)
		wantLine(t, m, `edge_node_up{node="edge"} 0`)
		wantLine(t, m, `edge_node_up{node="new"} 0`)
		wantNoLine(t, m, `edge_node_up{node="slow"}`)
		time.Sleep(18 * time.Minute)
		wantLine(t, m, `edge_node_up{node="slow"} 0`)
	})
}

// Nodes that were deleted while cloudcore was down do not come back, whether the file
// or the list of nodes is there first.
func TestSnapshotFileOfDeletedNodes(t *testing.T) {
	for name, x := range map[string]struct {
		identity  string
		listFirst bool
		left      []string
	}{
		"file first":        {IdentitySession, false, []string{"listed", "expected", "reports"}},
		"list first":        {IdentitySession, true, []string{"listed", "expected"}},
		"by their messages": {IdentityPayload, false, []string{"deleted", "listed", "expected", "reports"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "nodes")
			m, stop := withSnapshot(t, file, nil)
			for _, node := range []string{"listed", "expected", "reports", "deleted"} {
				accept(t, m, message(node, memory("7")))
			}
			stop()
			time.Sleep(time.Second)

			m = newModule(t, func(c *Config) { c.SnapshotFile, c.Identity, c.NodeNameField = file, x.identity, "node" })
			listed := func(node string) bool { return node == "listed" }
			if x.listFirst {
				m.Listed(listed)
				if err := m.Expect("expected"); err != nil {
					t.Error(err)
				}
				m.loadSnapshot()
			} else {
				m.loadSnapshot()
				time.Sleep(time.Second)
				if err := m.Expect("expected"); err != nil {
					t.Error(err)
				}
				accept(t, m, message("reports", memory("7")))
				m.Listed(listed)
			}
			accept(t, m, message("new", memory("7")))
			time.Sleep(time.Second)
			m.Listed(listed) // a list of later is no news
			for _, node := range []string{"listed", "expected", "reports", "deleted", "new"} {
				want := node == "new" || slices.Contains(x.left, node)
				if got := strings.Contains(nodeLines(m), `edge_node_up{node="`+node+`"}`); got != want {
					t.Errorf("%s: %s is on the page: %v, want %v", name, node, got, want)
				}
			}
		})
	}
}
