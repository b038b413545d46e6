package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// formResult is what a report of one form costs edgegauge in steady state.
type formResult struct {
	Name        string  `json:"name"`
	Series      int     `json:"series"` // of a node, those of its state among them
	Bytes       int     `json:"bytes"`  // of a message
	Nanoseconds float64 `json:"ns"`
	Allocs      float64 `json:"allocs"`
	// JSON is what encoding/json takes for the same bytes, into maps.
	JSON float64 `json:"json_ns"`
}

// forkMapping is for forkMessage.
const forkMapping = `families:
- {name: edge_node_cpu_usage_ratio, help: Share of all CPUs in use., path: data.cpu.percent, scale: 0.01}
- {name: edge_node_load1, help: Load average over 1 minute., path: data.cpu.load}
- {name: edge_node_memory_total_bytes, help: Memory in all., path: data.mem.total_kb, scale: 1024}
- {name: edge_node_memory_available_bytes, help: Memory available., path: data.mem.free_kb, scale: 1024}
- {name: edge_node_filesystem_size_bytes, help: Size of the file system., path: "data.disks[].size", labels: {mountpoint: path}}
- {name: edge_node_filesystem_avail_bytes, help: Space left for users., path: "data.disks[].free", labels: {mountpoint: path}}
- {name: edge_node_network_receive_bytes_total, help: Bytes received., type: counter, path: "data.nics.*.rx", keyLabel: device}
- {name: edge_node_network_transmit_bytes_total, help: Bytes sent., type: counter, path: "data.nics.*.tx", keyLabel: device}
- {name: edge_node_temperature_celsius, help: Temperature., path: "data.temps.*", keyLabel: sensor}
`

// forkMessage is a report as a fork with one handler for all nodes sends it: the
// node stands in it, values under names of its own.
func forkMessage(f *fleet.Fleet, i int, now time.Time) any {
	d := f.Document(i, now, time.Minute)
	nics, temps := map[string]any{}, map[string]any{}
	for k, n := range d.Networks {
		nics[n.Device] = map[string]any{"rx": *n.ReceiveBytesTotal, "tx": *n.TransmitBytesTotal}
		temps[fmt.Sprintf("zone%d", k)] = 40.5 + float64(i%100)/10
	}
	var disks []any
	for _, fs := range d.Filesystems {
		disks = append(disks, map[string]any{"path": fs.Mountpoint, "size": *fs.SizeBytes, "free": *fs.AvailBytes})
	}
	return map[string]any{"nodeName": f.Name(i), "data": map[string]any{
		"cpu": map[string]any{"percent": *d.CPU.UsageRatio * 100, "load": *d.CPU.Load1}, "disks": disks, "nics": nics, "temps": temps,
		"mem": map[string]any{"total_kb": *d.Memory.TotalBytes / 1024, "free_kb": *d.Memory.AvailableBytes / 1024},
	}}
}

const formNodes = 600

// measureForms measures reports of several forms, of 600 nodes each.
func measureForms(rounds int) ([]formResult, error) {
	f := fleet.New(fleet.Options{Nodes: formNodes, Seed: 1, Shape: fleet.Baseline})
	encoded := func(v any) any {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // numbers and strings
		}
		return b
	}
	var all []formResult
	for _, form := range []struct {
		name, resource, mapping string
		content                 func(i int, now time.Time) any
	}{
		{"sysInfo version 1", "node/%s/default/user/sysinfo", "", func(i int, now time.Time) any {
			return f.AppendJSON(nil, i, now, time.Minute)
		}},
		{"sysInfo version 1, 270 custom values more", "node/%s/default/user/sysinfo", "", func(i int, now time.Time) any {
			d := f.Document(i, now, time.Minute)
			for k := range 270 {
				d.Custom = append(d.Custom, sysinfo.Custom{Name: "line_speed", Labels: map[string]string{"line": fmt.Sprint(k)}, Value: sysinfo.Ptr(float64(i + k))})
			}
			return encoded(d)
		}},
		{"a fork's bytes, the node named in them", "node/monitor", forkMapping, func(i int, now time.Time) any { return encoded(forkMessage(f, i, now)) }},
		{"a fork's map, the same", "node/monitor", forkMapping, func(i int, now time.Time) any { return forkMessage(f, i, now) }},
	} {
		r, err := measureForm(rounds, form.mapping, func(i int, now time.Time) *model.Message {
			return model.NewMessage("").BuildRouter("edge", "user", resourceOf(form.resource, f.Name(i)), "upload").FillBody(form.content(i, now))
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", form.name, err)
		}
		r.Name = form.name
		all = append(all, r)
	}
	return all, nil
}

// resourceOf names the node where the form has a place for it.
func resourceOf(form, node string) string { return strings.Replace(form, "%s", node, 1) }

// measureForm delivers rounds of reports of all nodes; the first is not measured.
func measureForm(rounds int, mapping string, message func(i int, now time.Time) *model.Message) (r formResult, err error) {
	config := nodemetrics.DefaultConfig()
	config.BindAddress = ""
	config.Host = prometheus.NewRegistry()
	config.Limits.ReportsPerSecond = 100_000
	config.Limits.NewNodesPerMinute = 10 * formNodes
	if mapping != "" {
		dir, err := os.MkdirTemp("", "forms")
		if err != nil {
			return r, err
		}
		defer os.RemoveAll(dir)
		config.MappingFile = filepath.Join(dir, "mapping.yaml")
		if err := os.WriteFile(config.MappingFile, []byte(mapping), 0o600); err != nil {
			return r, err
		}
		config.Identity = "payload"
		config.NodeNameField = "nodeName"
	}
	m, err := nodemetrics.New(config)
	if err != nil {
		return r, err
	}
	var times, decoding []float64
	var allocs uint64
	base := time.Now()
	for round := range rounds + 1 {
		messages := make([]*model.Message, formNodes)
		for i := range messages {
			messages[i] = message(i, base.Add(time.Duration(round)*time.Second))
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		begin := time.Now()
		for _, message := range messages {
			if _, err := m.Handle(message); err != nil {
				return r, err
			}
		}
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		begin = time.Now()
		for _, message := range messages {
			b, ok := message.Content.([]byte)
			if !ok {
				continue
			}
			r.Bytes = len(b)
			var v any
			if err := json.Unmarshal(b, &v); err != nil {
				return r, err
			}
		}
		if round > 0 {
			times = append(times, float64(took)/formNodes)
			decoding = append(decoding, float64(time.Since(begin))/formNodes)
			allocs += after.Mallocs - before.Mallocs
		}
	}
	page := httptest.NewRecorder()
	m.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	r.Series = bytes.Count(page.Body.Bytes(), []byte(`{node="`+fleet.New(fleet.Options{Nodes: 1}).Name(0)+`"`))
	r.Nanoseconds, r.JSON, r.Allocs = median(times), median(decoding), float64(allocs)/float64(rounds*formNodes)
	if r.Bytes == 0 { // a map, which nobody decodes
		r.JSON = 0
	}
	return r, nil
}
