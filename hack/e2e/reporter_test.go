package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// device is an edge as an installation by keadm leaves it, mosquitto beside
// edgecore, with the reporter.
type device struct {
	*stack.Edge
	suite            *suite
	broker, reporter *stack.Process
}

// deviceNumber is apart from the edges that the other steps add.
const deviceNumber = 9

// reporter: what the reporter says arrives as it is, and goes on arriving
// whatever is down for a while.
func (s *suite) reporter(t *testing.T) {
	// Mode 2 is the default of an installation: a broker of the device's own.
	edge, err := s.NewEdge(deviceNumber, s.cloudcores[0], "mqttMode: 2, mqttServerExternal: "+stack.Broker)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{Edge: edge, suite: s}
	if d.broker, err = edge.StartMosquitto(); err != nil {
		t.Fatal(err)
	}
	if err := edge.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.customFolder(), 0o755); err != nil {
		t.Fatal(err)
	}
	d.startReporter(t)
	eventually(t, 20*time.Second, "the reporter's node is up", d.present)

	for _, step := range []struct {
		name string
		test func(*device, *testing.T)
	}{
		{"AgreesWithNodeExporter", (*device).agreement},
		{"CustomValues", (*device).custom},
		{"BrokerDownAndUp", (*device).brokerOutage},
		{"OfflineAndBack", (*device).offline},
		{"WrongClock", (*device).wrongClock},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.test(d, t) }) {
			t.Fatalf("the end of the log of the reporter:\n%s\nof edgecore:\n%s", d.reporter.Tail(10), d.Tail(10))
		}
	}

	// The other steps count nodes and sessions.
	for _, process := range []*stack.Process{d.reporter, d.Process, d.broker} {
		process.Kill()
	}
	if err := s.DeleteNode(d.Name); err != nil {
		t.Fatal(err)
	}
	eventually(t, slack, "the reporter's node is gone", s.isAbsent(everythingOf(d.Name)))
}

func (d *device) customFolder() string { return filepath.Join(d.Folder(), "custom") }

// startReporter starts the reporter; a command before it may be given that runs
// it.
func (d *device) startReporter(t *testing.T, through ...string) {
	t.Helper()
	command := append(through, filepath.Join(d.suite.Bin, "sysinfo-reporter"),
		"--broker", stack.Broker, "--interval", interval.String(), "--start-offset", "0s",
		"--max-backoff", "2s", "--custom-dir", d.customFolder())
	var err error
	if d.reporter, err = d.Run("reporter", command[0], command[1:]...); err != nil {
		t.Fatal(err)
	}
}

// present is the condition that the newest report is one of now.
func (d *device) present() error {
	return all(
		d.suite.is(of("edge_node_up", d.Name), 1),
		d.suite.is(fmt.Sprintf("count(%s)", of("edge_node_load1", d.Name)), 1),
		d.recent(),
		d.skewed(0),
	)()
}

// recent is the condition that a report arrived just now, of whatever time.
func (d *device) recent() func() error {
	return d.suite.is(fmt.Sprintf("count(%s < %g)", d.age(), slack.Seconds()), 1)
}

// skewed is the condition that the device's clock, or a report that comes late,
// is so far off.
func (d *device) skewed(off time.Duration) func() error {
	return d.suite.is(fmt.Sprintf("count(abs(%s - %g) < %g)",
		of("edge_node_clock_skew_seconds", d.Name), off.Seconds(), slack.Seconds()), 1)
}

// age is the expression of how long ago the last report arrived.
func (d *device) age() string {
	return "time() - " + of("edge_node_last_report_timestamp_seconds", d.Name)
}

// agreement: the reporter's values in Prometheus are node_exporter's of the same
// device, for each as close as two readings within some seconds can be.
func (d *device) agreement(t *testing.T) {
	const port = ":9100"
	collectors := []string{"cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netclass", "netdev", "processes", "stat"}
	arguments := []string{"--web.listen-address=" + port, "--collector.disable-defaults"}
	for _, collector := range collectors {
		arguments = append(arguments, "--collector."+collector)
	}
	exporter, err := d.Run("node-exporter", "prometheus-node-exporter", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	defer exporter.Kill()
	if err := d.suite.ScrapeToo("node-exporter", d.Address()+port); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.suite.FollowOperator("serviceMonitor/kubeedge/"); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, 20*time.Second, "Prometheus has node_exporter's values", d.suite.is("count(node_load1)", 1))

	const MiB = 1 << 20
	usage := `1 - sum(rate(node_cpu_seconds_total{mode=~"idle|iowait"}[5s])) / count(node_cpu_seconds_total{mode="idle"})`
	compared := 0
	for _, c := range []struct {
		reporter, exporter string
		by                 []string
		noise              float64
	}{
		{"boot_time_seconds", "node_boot_time_seconds", nil, 1},
		{"cpus", `count(node_cpu_seconds_total{mode="idle"})`, nil, 0},
		{"cpu_seconds_total", "sum by (mode) (node_cpu_seconds_total)", []string{"mode"}, 0.1}, // ticks of each processor are rounded apart
		{"cpu_usage_ratio", usage, nil, 0.2},
		{"load1", "node_load1", nil, 0},
		{"load5", "node_load5", nil, 0},
		{"load15", "node_load15", nil, 0},
		{"memory_total_bytes", "node_memory_MemTotal_bytes", nil, 0},
		{"memory_available_bytes", "node_memory_MemAvailable_bytes", nil, 512 * MiB},
		{"swap_total_bytes", "node_memory_SwapTotal_bytes", nil, 0},
		{"processes", "node_processes_pids", nil, 5},
		{"filesystem_size_bytes", "node_filesystem_size_bytes", []string{"device", "fstype", "mountpoint"}, 0},
		{"filesystem_avail_bytes", "node_filesystem_avail_bytes", []string{"device", "fstype", "mountpoint"}, 512 * MiB},
		{"filesystem_files", "node_filesystem_files", []string{"device", "fstype", "mountpoint"}, 0},
		{"disk_read_bytes_total", "node_disk_read_bytes_total", []string{"device"}, 0},
		{"disk_written_bytes_total", "node_disk_written_bytes_total", []string{"device"}, 0},
		{"disk_io_time_seconds_total", "node_disk_io_time_seconds_total", []string{"device"}, 0},
		{"network_receive_bytes_total", "node_network_receive_bytes_total", []string{"device"}, 0},
		{"network_transmit_bytes_total", "node_network_transmit_bytes_total", []string{"device"}, 0},
		{"network_up", "node_network_up", []string{"device"}, 0},
	} {
		eventually(t, 25*time.Second, "the reporter agrees with node_exporter", func() error {
			n, err := d.agree(of("edge_node_"+c.reporter, d.Name), c.exporter, c.by, c.noise)
			if err == nil {
				compared += n
			}
			return err
		})
	}
	t.Logf("%d series of the reporter are node_exporter's", compared)
}

// agree tells whether every series of the reporter's is, but for some noise,
// within what node_exporter said in the seconds around it, and how many there
// are. The labels that tell them apart are the same on both sides.
func (d *device) agree(reporter, exporter string, by []string, noise float64) (int, error) {
	bounds := func(function string) (map[string]float64, error) {
		return d.by(by, fmt.Sprintf("%s((%s)[12s:1s])", function, exporter))
	}
	low, err := bounds("min_over_time")
	if err != nil {
		return 0, err
	}
	// Of a moment ago, so that node_exporter was asked after it, too.
	got, err := d.by(by, reporter+" offset 3s")
	if err != nil {
		return 0, err
	}
	high, err := bounds("max_over_time")
	if err != nil {
		return 0, err
	}
	if len(got) == 0 {
		return 0, fmt.Errorf("%s is absent", reporter)
	}
	for labels, value := range got {
		atLeast, ok := low[labels]
		if !ok {
			return 0, fmt.Errorf("%s has no %s", exporter, labels)
		}
		// Both convert units, so the last digits may differ.
		slack := noise + 1e-9*math.Abs(value)
		if atMost := high[labels]; value < atLeast-slack || value > atMost+slack {
			return 0, fmt.Errorf("%s is %v for %q, %s was %v to %v", reporter, value, labels, exporter, atLeast, atMost)
		}
	}
	return len(got), nil
}

// by returns the values of an expression by some of its labels.
func (d *device) by(labels []string, expression string) (map[string]float64, error) {
	samples, err := d.suite.Query(expression)
	if err != nil {
		return nil, err
	}
	values := make(map[string]float64)
	for _, sample := range samples {
		key := make([]string, len(labels))
		for i, label := range labels {
			key[i] = sample.Labels[label]
		}
		values[strings.Join(key, " ")] = sample.Value
	}
	return values, nil
}

// custom: a file in the reporter's folder becomes series, follows its changes,
// and leaves none when it is gone.
func (d *device) custom(t *testing.T) {
	put := func(text string) {
		t.Helper()
		// As documented: beside it, and renamed.
		hidden := filepath.Join(d.customFolder(), ".battery")
		if err := os.WriteFile(hidden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(hidden, filepath.Join(d.customFolder(), "battery.prom")); err != nil {
			t.Fatal(err)
		}
	}
	volts := func(cell string) string {
		return fmt.Sprintf(`edge_node_custom{node=%q, name="battery_volts", cell=%q}`, d.Name, cell)
	}
	put("# TYPE battery_volts gauge\nbattery_volts{cell=\"1\"} 12.5\nbattery_volts{cell=\"2\"} 12.25\n")
	eventually(t, 2*slack, "custom values arrive", all(d.suite.is(volts("1"), 12.5), d.suite.is(volts("2"), 12.25)))
	put("battery_volts{cell=\"1\"} 11.75\n")
	eventually(t, 2*slack, "custom values follow the file", all(d.suite.is(volts("1"), 11.75), d.suite.isAbsent(volts("2"))))
	if err := os.Remove(filepath.Join(d.customFolder(), "battery.prom")); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*slack, "custom values go with the file", d.suite.isAbsent(of("edge_node_custom", d.Name)))
}

// brokerOutage: the broker dies and comes back; so do the reports, and only
// those of the present.
func (d *device) brokerOutage(t *testing.T) {
	const missed = 6 * interval
	d.broker.Kill()
	eventually(t, ttl, "no reports without a broker",
		d.suite.is(fmt.Sprintf("count(%s > %g)", d.age(), missed.Seconds()), 1))
	before := d.size(t, d.broker)
	back := time.Now()
	var err error
	if d.broker, err = d.StartMosquitto(); err != nil {
		t.Fatal(err)
	}
	subscriber, err := d.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.Kill()
	eventually(t, 20*time.Second, "reports come back", d.present)
	t.Logf("broker away for over %s: a report of the present in Prometheus %s after it was back", missed, time.Since(back).Round(time.Second/10))
	var times []float64
	eventually(t, 2*slack, "reports go on", func() error {
		if times = d.times(t, subscriber); len(times) < 3 {
			return fmt.Errorf("the broker passed on %d reports", len(times))
		}
		return nil
	})
	// One report may have waited, for less than an interval, and took some time
	// to be made.
	earliest := float64(back.Add(-2*interval).UnixMilli()) / 1000
	if oldest := slices.Min(times); oldest < earliest {
		t.Errorf("a report of %.1fs before the broker was back was sent", float64(back.UnixMilli())/1000-oldest)
	}
	// The subscriber came after the broker: let it have missed none.
	received, err := d.broker.Logged(before, "Received PUBLISH from sysinfo-reporter")
	if err != nil {
		t.Fatal(err)
	}
	if seen := len(d.times(t, subscriber)); received > seen+1 {
		t.Errorf("the broker received %d reports, %d of them were looked at", received, seen)
	}
	if !d.reporter.Running() {
		t.Error("the reporter ended")
	}
}

// times returns when the reports that a subscriber saw were made.
func (d *device) times(t *testing.T, subscriber *stack.Process) []float64 {
	t.Helper()
	log, err := os.ReadFile(subscriber.Log)
	if err != nil {
		t.Fatal(err)
	}
	var times []float64
	for line := range strings.Lines(string(log)) {
		var report struct{ Timestamp float64 }
		if !strings.HasSuffix(line, "\n") {
			break // still being written
		}
		if err := json.Unmarshal([]byte(line), &report); err != nil {
			t.Fatalf("%v in the subscriber's %q", err, line)
		}
		times = append(times, report.Timestamp)
	}
	return times
}

// size returns how long the log of a process is by now.
func (d *device) size(t *testing.T, process *stack.Process) int64 {
	t.Helper()
	log, err := os.Stat(process.Log)
	if err != nil {
		t.Fatal(err)
	}
	return log.Size()
}

// offline: without a line to the cloud the node's series end after the grace,
// the reporter goes on, and with the line comes the present.
func (d *device) offline(t *testing.T) {
	reporterLog, brokerLog := d.size(t, d.reporter), d.size(t, d.broker)
	begin := time.Now()
	d.Proxy.Target("")
	d.Proxy.Break()
	took := d.suite.expires(t, d.Name, ttl)
	if took > grace+slack {
		t.Errorf("the series ended after %s, want disconnectGrace, %s", took, grace)
	}
	reports, err := d.broker.Logged(brokerLog, "Received PUBLISH from sysinfo-reporter")
	if err != nil {
		t.Fatal(err)
	}
	if want := int(time.Since(begin) / interval / 2); reports < want || !d.reporter.Running() {
		t.Errorf("the reporter made %d reports while the edge was offline, want at least %d", reports, want)
	}
	back := time.Now()
	d.Proxy.Target(d.suite.cloudcores[0].HubAddress())
	eventually(t, 30*time.Second, "the edge is back with the present", d.present)
	t.Logf("offline for %s, expired after %s (disconnectGrace %s); %d reports meanwhile; the present in Prometheus %s after the line was back",
		back.Sub(begin).Round(time.Second/10), took.Round(time.Second/10), grace, reports, time.Since(back).Round(time.Second/10))
	// What edgecore kept may come first, but never after.
	deadline := time.Now().Add(3 * interval)
	eventually(t, 2*slack, "the past stays away", func() error {
		if err := d.skewed(0)(); err != nil {
			t.Error(err)
		}
		if time.Now().Before(deadline) {
			return fmt.Errorf("waiting")
		}
		return nil
	})
	if lost, err := d.reporter.Logged(reporterLog, "No connection"); err != nil || lost > 0 {
		t.Errorf("the reporter lost its broker %d times (%v)", lost, err)
	}
}

// emulators of the processors that the stack runs on.
var emulators = map[string]string{"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}

// wrongClock: the device's clock is a day slow, then a day fast, then set right.
// The skew says so, the reports count all the same, and when they end, the
// series do after the TTL by the cloud's clock.
//
// The reporter is the real one. It is linked statically and takes no libfaketime
// itself; the emulator of a processor of the same kind does, and asks the faked
// C library for the time on the reporter's behalf.
func (d *device) wrongClock(t *testing.T) {
	const day = 24 * time.Hour
	emulator, ok := emulators[runtime.GOARCH]
	if !ok {
		t.Fatalf("no emulator of %s; there are those of %v", runtime.GOARCH, slices.Collect(maps.Keys(emulators)))
	}
	libraries, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err != nil || len(libraries) == 0 {
		t.Fatalf("no libfaketime (%v)", err)
	}
	skew := of("edge_node_clock_skew_seconds", d.Name)
	restart := func(off time.Duration, through ...string) {
		t.Helper()
		if _, err := d.reporter.Stop(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		d.startReporter(t, through...)
		eventually(t, 20*time.Second, fmt.Sprintf("a clock that is %s off is seen", off), all(
			d.skewed(off),
			d.suite.is(of("edge_node_up", d.Name), 1),
			d.suite.is(fmt.Sprintf("count(%s)", of("edge_node_load1", d.Name)), 1),
			d.recent(),
		))
		value, err := d.suite.value(skew)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("clock %+.0fs: edge_node_clock_skew_seconds %.1f", off.Seconds(), value)
	}
	faked := func(off time.Duration) []string {
		return []string{"env", "LD_PRELOAD=" + libraries[0], fmt.Sprintf("FAKETIME=%+.0fs", off.Seconds()),
			"FAKETIME_DONT_FAKE_MONOTONIC=1", emulator}
	}
	restart(-day, faked(-day)...)
	restart(day, faked(day)...)
	d.reporter.Kill()
	took := d.suite.expires(t, d.Name, ttl+slack)
	if took < ttl-2*interval || took > ttl+slack {
		t.Errorf("with the clock a day ahead the series ended after %s, want the TTL of %s", took, ttl)
	}
	t.Logf("a day ahead: expired after %s (TTL %s)", took.Round(time.Second/10), ttl)
	restart(0)
}
