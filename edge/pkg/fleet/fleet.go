// Package fleet simulates edge nodes that send sysInfo version 1 reports, for
// demonstrations, end-to-end tests and benchmarks.
//
// Its one contract: a report depends on nothing but the fleet's options, the
// node and the time. A Fleet stores nothing per node: 100,000 nodes take no more
// memory than ten, every run yields the same data, and any number of goroutines
// may ask for reports in any order. Counters never fall as time goes on, and
// related values agree: the processor seconds add up to the uptime of all
// processors, and the busy ones grow as the usage ratio says.
package fleet

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Shape selects the fields that every node of a fleet reports.
type Shape int

const (
	// Full selects every field of sysInfo version 1, as a small edge box
	// with a GPU, two network interfaces and a few sensors sends them.
	Full Shape = iota
	// Baseline selects the fields that edgegauge is measured with. With the
	// four families that every known node has, a node has 30 series in 22
	// families: 16 families with one series each, and two families each for
	// its 2 network devices, its 3 mount points and its 2 disks.
	Baseline
)

// BaselineSeries and BaselineFamilies count what a node of shape Baseline has on
// the page, with the four families that every known node has.
const (
	BaselineSeries   = 30
	BaselineFamilies = 22
)

// Options describe a fleet. The zero value describes one without nodes.
type Options struct {
	Nodes int
	Seed  uint64
	Shape Shape
	// Epoch is the latest time at which a node booted; each booted up to 30
	// days before. The zero time means the start of 2026. A report for a
	// time before the node's boot has the values of the boot.
	Epoch time.Time
}

// Fleet is a simulated fleet. It is safe for concurrent use.
type Fleet struct {
	nodes int
	seed  uint64
	shape Shape
	epoch int64
}

// New returns the fleet that o describes.
func New(o Options) *Fleet {
	if o.Epoch.IsZero() {
		o.Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return &Fleet{nodes: o.Nodes, seed: o.Seed, shape: o.Shape, epoch: o.Epoch.Unix()}
}

// Len returns the number of nodes.
func (f *Fleet) Len() int { return f.nodes }

// Name returns the name of node i, such as edge-node-000123. The names of up to a
// million nodes have the same length and sort by number.
func (f *Fleet) Name(i int) string { return fmt.Sprintf("edge-node-%06d", i) }

// AppendJSON appends to dst the message that node i sends at now when it reports
// every interval, and returns the extended slice.
func (f *Fleet) AppendJSON(dst []byte, i int, now time.Time, interval time.Duration) []byte {
	b, err := json.Marshal(f.Document(i, now, interval))
	if err != nil {
		// JSON can express every Document but one that holds a NaN or an
		// infinity, which would be a bug of this package.
		panic(err)
	}
	return append(dst, b...)
}

// Document returns the report that node i makes at now when it reports every
// interval.
func (f *Fleet) Document(i int, now time.Time, interval time.Duration) *sysinfo.Document {
	n := f.node(i, now)
	d := &sysinfo.Document{
		Timestamp:       round(seconds(now), 3),
		IntervalSeconds: interval.Seconds(),
		Host:            &sysinfo.Host{BootTime: sysinfo.Ptr(float64(n.boot))},
		CPU: &sysinfo.CPU{
			Count:      sysinfo.Ptr(uint64(n.cpus)),
			UsageRatio: sysinfo.Ptr(round(n.usage(), 4)),
			Load1:      sysinfo.Ptr(round(n.load(0), 2)),
			Load5:      sysinfo.Ptr(round(n.load(150), 2)),
			Load15:     sysinfo.Ptr(round(n.load(450), 2)),
		},
		Memory: &sysinfo.Memory{
			TotalBytes:     sysinfo.Ptr(n.memory),
			AvailableBytes: sysinfo.Ptr(n.level(drawAvailable, n.memory, 4096)),
			SwapTotalBytes: sysinfo.Ptr(n.memory / 4),
			SwapFreeBytes:  sysinfo.Ptr(n.level(drawSwapFree, n.memory/4, 4096)),
		},
		Processes:  &sysinfo.Processes{Count: sysinfo.Ptr(n.level(drawProcesses, 300, 1))},
		Containers: &sysinfo.Containers{Running: sysinfo.Ptr(n.level(drawContainers, 24, 1))},
	}
	for k, m := range mounts {
		size := m.size << (n.draw(drawFilesystemSize+uint64(k)) % 3)
		fs := sysinfo.Filesystem{
			Device: m.device, Mountpoint: m.mountpoint, FSType: m.fstype,
			SizeBytes:  sysinfo.Ptr(size),
			AvailBytes: sysinfo.Ptr(n.level(drawFilesystemAvail+uint64(k), size, 4096)),
		}
		if f.shape == Full {
			files := size >> 14
			fs.Files = sysinfo.Ptr(files)
			fs.FilesFree = sysinfo.Ptr(n.level(drawFilesFree+uint64(k), files, 1))
			fs.ReadOnly, fs.DeviceError = sysinfo.Ptr(false), sysinfo.Ptr(false)
		}
		d.Filesystems = append(d.Filesystems, fs)
	}
	for k, device := range diskNames {
		k := uint64(k)
		disk := sysinfo.Disk{
			Device:            device,
			ReadBytesTotal:    sysinfo.Ptr(n.total(drawDiskRead+k, 10e3) &^ 511),
			WrittenBytesTotal: sysinfo.Ptr(n.total(drawDiskWritten+k, 40e3) &^ 511),
		}
		if f.shape == Full {
			disk.IOTimeSecondsTotal = sysinfo.Ptr(float64(n.total(drawDiskTime+k, 80)) / 1000)
		}
		d.Disks = append(d.Disks, disk)
	}
	for k, device := range networkNames {
		k := uint64(k)
		network := sysinfo.Network{
			Device:             device,
			ReceiveBytesTotal:  sysinfo.Ptr(n.total(drawReceive+k, 20e3)),
			TransmitBytesTotal: sysinfo.Ptr(n.total(drawTransmit+k, 10e3)),
		}
		if f.shape == Full {
			network.Up = sysinfo.Ptr(true)
			network.SpeedBytes = sysinfo.Ptr(uint64(125_000_000))
			network.ReceivePacketsTotal = sysinfo.Ptr(n.total(drawReceive+k, 25))
			network.TransmitPacketsTotal = sysinfo.Ptr(n.total(drawTransmit+k, 20))
			network.ReceiveDropsTotal = sysinfo.Ptr(n.total(drawReceiveDrops+k, 0.001))
			network.TransmitDropsTotal = sysinfo.Ptr(n.total(drawTransmitDrops+k, 0.0001))
			network.ReceiveErrorsTotal = sysinfo.Ptr(n.total(drawReceiveErrors+k, 0.001))
			network.TransmitErrorsTotal = sysinfo.Ptr(n.total(drawTransmitErrors+k, 0.0001))
		}
		d.Networks = append(d.Networks, network)
	}
	if f.shape == Full {
		f.fill(d, n)
	}
	return d
}

// fill adds the fields that only shape Full has.
func (f *Fleet) fill(d *sysinfo.Document, n node) {
	d.Host.OS, d.Host.OSImage, d.Host.Kernel = "linux", "Debian GNU/Linux 12 (bookworm)", "6.1.0-28-arm64"
	d.Host.Arch, d.Host.EdgecoreVersion = "arm64", "v1.13.0"

	busy := n.busySeconds()
	d.CPU.SecondsTotal = map[string]float64{
		"user":   round(busy*0.70, 2),
		"system": round(busy*0.25, 2),
		"iowait": round(busy*0.05, 2),
		"idle":   round(n.uptime*float64(n.cpus)-busy, 2),
	}
	d.Temperatures = []sysinfo.Temperature{
		{Sensor: "cpu-thermal", Celsius: sysinfo.Ptr(round(38+35*n.usage(), 1))},
		{Sensor: "board", Celsius: sysinfo.Ptr(round(31+12*n.usage(), 1))},
	}
	gpuMemory := n.memory / 2
	d.GPUs = []sysinfo.GPU{{
		GPU: "0", Model: "Orin",
		UtilizationRatio: sysinfo.Ptr(round(n.share(drawGPU), 4)),
		MemoryUsedBytes:  sysinfo.Ptr(n.level(drawGPUMemory, gpuMemory, 4096)),
		MemoryTotalBytes: sysinfo.Ptr(gpuMemory),
		Celsius:          sysinfo.Ptr(round(36+30*n.share(drawGPU), 1)),
	}}
	d.PowerSupplies = []sysinfo.PowerSupply{{Supply: "mains", Type: "Mains", Online: sysinfo.Ptr(true)}}
	d.Throttling = &sysinfo.Throttling{Undervoltage: sysinfo.Ptr(false), Throttled: sysinfo.Ptr(false)}
	d.Watchdogs = []sysinfo.Watchdog{{
		Watchdog: "watchdog0", Identity: "Tegra WDT", Active: sysinfo.Ptr(true), TimeoutSeconds: sysinfo.Ptr(60.0),
	}}
	d.Clock = &sysinfo.Clock{
		Synchronized: sysinfo.Ptr(true), RTC: sysinfo.Ptr(true),
		OffsetSeconds: sysinfo.Ptr(round((n.share(drawOffset)-0.5)/500, 6)),
	}
	d.Custom = []sysinfo.Custom{
		{Name: "battery_charge_ratio", Value: sysinfo.Ptr(round(n.share(drawBattery), 2))},
		{Name: "line_cycles", Labels: map[string]string{"line": "a"}, Value: sysinfo.Ptr(float64(n.total(drawCycles, 0.2)))},
		{Name: "line_cycles", Labels: map[string]string{"line": "b"}, Value: sysinfo.Ptr(float64(n.total(drawCycles+1, 0.2)))},
	}
}

var (
	mounts = [...]struct {
		device, mountpoint, fstype string
		size                       uint64
	}{
		{"/dev/sda2", "/", "ext4", 15_500_000_000 &^ 4095},
		{"/dev/sda1", "/boot", "vfat", 268_435_456},
		{"/dev/sdb1", "/data", "ext4", 62_000_000_000 &^ 4095},
	}
	diskNames    = [...]string{"sda", "sdb"}
	networkNames = [...]string{"eth0", "eth1"}
)

// Purposes that random numbers are drawn for. Two values of a node that must not
// move together have a purpose each. Values of several devices add the device's
// number to the purpose, so the purposes are eight apart.
const (
	drawBoot = 8 * iota
	drawCPUs
	drawMemory
	drawUsage
	drawAvailable
	drawSwapFree
	drawProcesses
	drawContainers
	drawFilesystemSize
	drawFilesystemAvail
	drawFilesFree
	drawDiskRead
	drawDiskWritten
	drawDiskTime
	drawReceive
	drawTransmit
	drawReceiveErrors
	drawTransmitErrors
	drawGPU
	drawGPUMemory
	drawBattery
	drawCycles
	drawReceiveDrops
	drawTransmitDrops
	drawOffset
)

// node is a node at one moment.
type node struct {
	key    uint64
	boot   int64
	uptime float64
	cpus   int
	memory uint64
}

func (f *Fleet) node(i int, now time.Time) node {
	n := node{key: mix(f.seed ^ mix(uint64(i)+1))}
	n.boot = f.epoch - int64(n.draw(drawBoot)%(30*24*3600))
	n.uptime = math.Max(0, seconds(now)-float64(n.boot))
	n.cpus = 2 << (n.draw(drawCPUs) % 3)
	// The firmware and the kernel keep some of the memory for themselves.
	n.memory = (2<<(n.draw(drawMemory)%3)<<30 - 190<<20) &^ 4095
	return n
}

// draw returns the node's random number for a purpose. It is the same at all times.
func (n node) draw(purpose uint64) uint64 { return mix(n.key ^ mix(purpose)) }

// unit returns draw's number as one from 0 up to, but not including, 1.
func (n node) unit(purpose uint64) float64 { return float64(n.draw(purpose)>>11) / (1 << 53) }

// wave returns the value of a sine, between -1 and 1, and its integral over the
// uptime. Each node has its own phase, and its own period of ten minutes to an hour
// and a half, for each purpose.
func (n node) wave(purpose uint64, uptime float64) (value, integral float64) {
	phase := 2 * math.Pi * n.unit(purpose)
	omega := 2 * math.Pi / (600 + 4800*n.unit(purpose^1<<32))
	return math.Sin(omega*uptime + phase), (math.Cos(phase) - math.Cos(omega*uptime+phase)) / omega
}

// usage returns the busy share of the processors, from 0.04 to 0.96.
func (n node) usage() float64 {
	value, _ := n.wave(drawUsage, n.uptime)
	return n.meanUsage() * (1 + 0.6*value)
}

func (n node) meanUsage() float64 { return 0.1 + 0.5*n.unit(drawUsage^1<<33) }

// busySeconds returns the seconds that all processors together were busy: the
// integral of usage over the uptime, times the processors.
func (n node) busySeconds() float64 {
	_, integral := n.wave(drawUsage, n.uptime)
	return float64(n.cpus) * n.meanUsage() * (n.uptime + 0.6*integral)
}

// load returns a load that follows the usage of lag seconds ago, as an average does.
func (n node) load(lag float64) float64 {
	value, _ := n.wave(drawUsage, math.Max(0, n.uptime-lag))
	return 1.2 * float64(n.cpus) * n.meanUsage() * (1 + 0.6*value)
}

// share returns a ratio that swings between 0.1 and 0.9.
func (n node) share(purpose uint64) float64 {
	value, _ := n.wave(purpose, n.uptime)
	return 0.5 + 0.4*value
}

// level returns a share of whole, rounded down to a multiple of multiple, which
// must be a power of two.
func (n node) level(purpose uint64, whole, multiple uint64) uint64 {
	return uint64(float64(whole)*n.share(purpose)) &^ (multiple - 1)
}

// total returns a counter that has grown since boot, by half to one and a half
// times rate a second on average, and by twice that or next to nothing at times. It
// never falls.
func (n node) total(purpose uint64, rate float64) uint64 {
	_, integral := n.wave(purpose, n.uptime)
	rate *= 0.5 + n.unit(purpose^1<<33)
	return uint64(math.Max(0, rate*(n.uptime+0.95*integral)))
}

// mix is a step of the generator splitmix64: it makes unrelated numbers of
// neighbouring ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func round(x float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(x*p) / p
}
