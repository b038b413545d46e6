package contender

import (
	"fmt"
	"sort"
	"strconv"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Label is a label of a series.
type Label struct{ Name, Value string }

// Family is one of the metric families of a node.
type Family struct {
	Name   string
	Labels []string // beside node
	Series []int    // the family's places in Values
	// Clock says that the values depend on when a report was received, so
	// that contenders cannot agree on them.
	Clock bool
}

// Series is one of the series of a node.
type Series struct {
	Family int
	Labels []Label // beside node, sorted by name, all before "node"
}

// Values are a node's values in the order of Layout.
type Values [fleet.BaselineSeries]float64

// Families and Layout describe what every node of the baseline fleet reports;
// families are sorted by name.
var (
	Families []Family
	Layout   []Series
)

func init() {
	for _, f := range []struct {
		name, device string
		clock        bool
	}{
		{name: "boot_time_seconds"},
		{name: "clock_skew_seconds", clock: true},
		{name: "containers_running"},
		{name: "cpu_usage_ratio"},
		{name: "cpus"},
		{name: "disk_read_bytes_total", device: "disk"},
		{name: "disk_written_bytes_total", device: "disk"},
		{name: "filesystem_avail_bytes", device: "filesystem"},
		{name: "filesystem_size_bytes", device: "filesystem"},
		{name: "last_report_timestamp_seconds", clock: true},
		{name: "load1"},
		{name: "load15"},
		{name: "load5"},
		{name: "memory_available_bytes"},
		{name: "memory_total_bytes"},
		{name: "network_receive_bytes_total", device: "network"},
		{name: "network_transmit_bytes_total", device: "network"},
		{name: "processes"},
		{name: "report_interval_seconds"},
		{name: "swap_free_bytes"},
		{name: "swap_total_bytes"},
		{name: "up"},
	} {
		family := Family{Name: "edge_node_" + f.name, Clock: f.clock}
		sets := [][]Label{nil}
		// Every node of the fleet has the same devices.
		d := fleet.New(fleet.Options{Nodes: 1, Shape: fleet.Baseline}).Document(0, time.Unix(0, 0), 0)
		switch f.device {
		case "disk":
			sets = nil
			for _, disk := range d.Disks {
				sets = append(sets, []Label{{"device", disk.Device}})
			}
		case "network":
			sets = nil
			for _, network := range d.Networks {
				sets = append(sets, []Label{{"device", network.Device}})
			}
		case "filesystem":
			sets = nil
			for _, fs := range d.Filesystems {
				sets = append(sets, []Label{{"device", fs.Device}, {"fstype", fs.FSType}, {"mountpoint", fs.Mountpoint}})
			}
		}
		for _, label := range sets[0] {
			family.Labels = append(family.Labels, label.Name)
		}
		for _, set := range sets {
			family.Series = append(family.Series, len(Layout))
			Layout = append(Layout, Series{Family: len(Families), Labels: set})
		}
		Families = append(Families, family)
	}
	if len(Layout) != fleet.BaselineSeries || len(Families) != fleet.BaselineFamilies || !sort.SliceIsSorted(Families, func(i, j int) bool {
		return Families[i].Name < Families[j].Name
	}) {
		panic(fmt.Sprintf("the layout has %d series in %d families", len(Layout), len(Families)))
	}
}

// Data is the fleet that all contenders are given.
type Data struct {
	Fleet *fleet.Fleet
	// Interval is how often the nodes say they report.
	Interval time.Duration
	base     time.Time
}

// NewData returns a fleet whose first reports, round 0, are of base; every
// round is a second later.
func NewData(nodes int, base time.Time) *Data {
	return &Data{Interval: time.Minute, Fleet: fleet.New(fleet.Options{Nodes: nodes, Seed: 1, Shape: fleet.Baseline}), base: base}
}

// Report returns what node i reports in one round. It shares no memory with
// other reports: what a contender keeps of it is the contender's cost.
func (d *Data) Report(i, round int) Report {
	now := d.base.Add(time.Duration(round) * time.Second)
	return Report{
		Node:    d.Fleet.Name(i),
		Values:  flatten(d.Fleet.Document(i, now, d.Interval)),
		Message: d.Fleet.AppendJSON(nil, i, now, d.Interval),
	}
}

func flatten(d *sysinfo.Document) Values {
	var v Values
	at := 0
	put := func(x float64) { v[at] = x; at++ }
	put(*d.Host.BootTime)
	put(0)
	put(float64(*d.Containers.Running))
	put(*d.CPU.UsageRatio)
	put(float64(*d.CPU.Count))
	for _, disk := range d.Disks {
		put(float64(*disk.ReadBytesTotal))
	}
	for _, disk := range d.Disks {
		put(float64(*disk.WrittenBytesTotal))
	}
	for _, fs := range d.Filesystems {
		put(float64(*fs.AvailBytes))
	}
	for _, fs := range d.Filesystems {
		put(float64(*fs.SizeBytes))
	}
	put(d.Timestamp)
	put(*d.CPU.Load1)
	put(*d.CPU.Load15)
	put(*d.CPU.Load5)
	put(float64(*d.Memory.AvailableBytes))
	put(float64(*d.Memory.TotalBytes))
	for _, network := range d.Networks {
		put(float64(*network.ReceiveBytesTotal))
	}
	for _, network := range d.Networks {
		put(float64(*network.TransmitBytesTotal))
	}
	put(float64(*d.Processes.Count))
	put(d.IntervalSeconds)
	put(float64(*d.Memory.SwapFreeBytes))
	put(float64(*d.Memory.SwapTotalBytes))
	put(1)
	return v
}

// AppendSeries appends the series' name and labels, as on the page.
func AppendSeries(dst []byte, node string, s *Series) []byte {
	dst = append(dst, Families[s.Family].Name...)
	dst = append(dst, '{')
	for _, l := range s.Labels {
		dst = append(dst, l.Name...)
		dst = append(dst, '=')
		dst = strconv.AppendQuote(dst, l.Value)
		dst = append(dst, ',')
	}
	dst = append(dst, "node="...)
	dst = strconv.AppendQuote(dst, node)
	return append(dst, '}')
}
