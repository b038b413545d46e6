package nodemetrics

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/savefile"
)

// snapshotPeriod is how often the snapshot file is written: a process that is
// killed loses what came since.
const snapshotPeriod = time.Minute

// snapshotMetrics tell of the snapshot file.
type snapshotMetrics struct {
	written prometheus.Gauge
	errors  prometheus.Counter
}

func newSnapshotMetrics(r prometheus.Registerer) snapshotMetrics {
	x := snapshotMetrics{
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_snapshot_file_last_success_timestamp_seconds",
			Help: "When the snapshot file was written last, in seconds since the Unix epoch; 0 if it was not."}),
		prometheus.NewCounter(prometheus.CounterOpts{Name: "nodemetrics_snapshot_file_errors_total",
			Help: "How often the snapshot file could not be written, or not be read at the start."}),
	}
	r.MustRegister(x.written, x.errors)
	return x
}

// loadSnapshot takes back the nodes that the snapshot file has. A file that cannot
// be used costs a line in the log.
func (m *Module) loadSnapshot() {
	c := m.config.Load()
	if c.SnapshotFile == "" {
		return
	}
	start := time.Now()
	nodes, err := savefile.Read(c.SnapshotFile, m.registry, m.decoder.Load().Mapping())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		klog.InfoS("There is no snapshot file yet, node metrics begin with what nodes report", "file", c.SnapshotFile)
	case err != nil:
		m.metrics.snapshot.errors.Inc()
		klog.ErrorS(err, "The snapshot file is not used, node metrics begin with what nodes report")
	default:
		klog.InfoS("Node metrics go on from the snapshot file", "file", c.SnapshotFile, "nodes", nodes, "duration", time.Since(start))
		m.unlisted.loaded(m)
	}
}

// unlisted forgets the nodes of the snapshot file that were deleted while cloudcore
// was down, once the file is loaded and the nodes there are have been listed.
type unlisted struct {
	mu     sync.Mutex
	since  time.Time // when the file was loaded
	listed func(node string) bool
}

func (u *unlisted) loaded(m *Module) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since = time.Now()
	u.forget(m)
}

// Listed tells the module which nodes have a Node object, once that is known. Those
// of the snapshot file that have none, and have not reported since, are forgotten.
// With identity payload nodes need no Node object, and none is.
func (m *Module) Listed(listed func(node string) bool) {
	m.unlisted.mu.Lock()
	defer m.unlisted.mu.Unlock()
	m.unlisted.listed = listed
	m.unlisted.forget(m)
}

func (u *unlisted) forget(m *Module) {
	if u.since.IsZero() || u.listed == nil || m.config.Load().Identity != IdentitySession {
		return
	}
	var gone []string
	m.registry.Each(func(l *registry.Look) {
		if !l.Expected && l.Received.Before(u.since) && !u.listed(l.Name) {
			gone = append(gone, strings.Clone(l.Name))
		}
	})
	for _, node := range gone {
		m.Forget(node)
	}
	if len(gone) > 0 {
		klog.InfoS("Nodes of the snapshot file have no Node object any more, they are forgotten", "nodes", len(gone))
	}
	u.since, u.listed = time.Time{}, nil
}

// keepSnapshot writes the snapshot file now and then until ctx is done, and then at
// once: not everybody who ends the process waits for it.
func (m *Module) keepSnapshot(ctx context.Context) {
	if m.config.Load().SnapshotFile == "" {
		return
	}
	ticker := time.NewTicker(snapshotPeriod)
	defer ticker.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			if err := m.saveSnapshot(); err != nil {
				klog.ErrorS(err, "The snapshot file could not be written, the next start will have a gap")
			}
			return
		case <-ticker.C:
			err := m.saveSnapshot()
			if err != nil && err.Error() != told {
				told = err.Error()
				klog.ErrorS(err, "The snapshot file could not be written, a restart will have a gap")
			} else if err == nil {
				told = ""
			}
		}
	}
}

// saveSnapshot writes the snapshot file.
func (m *Module) saveSnapshot() error {
	if _, err := savefile.Write(m.config.Load().SnapshotFile, m.registry); err != nil {
		m.metrics.snapshot.errors.Inc()
		return err
	}
	m.metrics.snapshot.written.SetToCurrentTime()
	return nil
}
