//go:build debian

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// plantTree unfolds one of package host's fixtures.
func plantTree(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, root := string(b), t.TempDir()
	found := regexp.MustCompile(`(?m)^-- (\S+)(?: -> (\S+))? --\n`).FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		path := filepath.Join(root, text[at[2]:at[3]])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if at[4] >= 0 {
			err = os.Symlink(text[at[4]:at[5]], path)
		} else {
			err = os.WriteFile(path, []byte(text[at[1]:end]), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(filepath.Base(filepath.Dir(path)), "thermal_zone") {
			// Every kernel has it, and node_exporter wants it.
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "policy"), []byte("step_wise\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// Of the same tree, the reporter and node_exporter say the same wherever both
// say something.
func TestTreesAgainstNodeExporter(t *testing.T) {
	fixtures, err := filepath.Glob("../../pkg/host/testdata/*.txt")
	if err != nil || len(fixtures) < 7 {
		t.Fatalf("fixtures %v, %v", fixtures, err)
	}
	for _, fixture := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(fixture), ".txt"), func(t *testing.T) {
			root := plantTree(t, fixture)
			port := freePort(t)
			start(t, "prometheus-node-exporter", "--web.listen-address=127.0.0.1:"+port, "--web.disable-exporter-metrics", "--log.level=error",
				"--path.rootfs="+root, "--path.procfs="+root+"/proc", "--path.sysfs="+root+"/sys", "--collector.disable-defaults",
				"--collector.cpu", "--collector.loadavg", "--collector.meminfo", "--collector.diskstats", "--collector.netdev", "--collector.netclass",
				"--collector.thermal_zone", "--collector.hwmon", "--collector.powersupplyclass", "--collector.stat", "--no-collector.netdev.netlink")
			url := "http://127.0.0.1:" + port + "/metrics"
			eventually(t, "node_exporter listens", func() bool {
				response, err := http.Get(url)
				if err == nil {
					response.Body.Close()
				}
				return err == nil
			})
			theirs := scrape(t, url)
			out, err := exec.Command(binary(t, native(t)), "--once", "--output=-", "--host-root="+root).Output()
			if err != nil {
				t.Fatal(err)
			}
			var doc sysinfo.Document
			if err := json.Unmarshal(out, &doc); err != nil {
				t.Fatal(err)
			}
			compared := 0
			same := func(ours float64, series string) {
				t.Helper()
				value, there := theirs[series]
				if !there {
					return
				}
				compared++
				if math.Abs(value-ours) > 1e-9*math.Abs(value)+1e-9 {
					t.Errorf("%s: %v, node_exporter says %v", series, ours, value)
				}
			}
			number := func(n *uint64, series string) {
				t.Helper()
				if n != nil {
					same(float64(*n), series)
				}
			}
			same(*doc.CPU.Load1, "node_load1")
			same(*doc.CPU.Load15, "node_load15")
			number(doc.Memory.TotalBytes, "node_memory_MemTotal_bytes")
			number(doc.Memory.AvailableBytes, "node_memory_MemAvailable_bytes")
			if doc.Host.BootTime != nil {
				same(*doc.Host.BootTime, "node_boot_time_seconds")
			}
			for _, d := range doc.Disks {
				device := fmt.Sprintf("{device=%q}", d.Device)
				if theirs["node_disk_read_bytes_total"+device] == 0 {
					continue // the paths to it are counted
				}
				number(d.ReadBytesTotal, "node_disk_read_bytes_total"+device)
				number(d.WrittenBytesTotal, "node_disk_written_bytes_total"+device)
				same(*d.IOTimeSecondsTotal, "node_disk_io_time_seconds_total"+device)
			}
			for _, n := range doc.Networks {
				device := fmt.Sprintf("{device=%q}", n.Device)
				number(n.ReceiveBytesTotal, "node_network_receive_bytes_total"+device)
				number(n.TransmitPacketsTotal, "node_network_transmit_packets_total"+device)
				number(n.ReceiveDropsTotal, "node_network_receive_drop_total"+device)
				number(n.TransmitDropsTotal, "node_network_transmit_drop_total"+device)
				number(n.ReceiveErrorsTotal, "node_network_receive_errs_total"+device)
				number(n.SpeedBytes, "node_network_speed_bytes"+device)
			}
			for _, s := range doc.Temperatures {
				for series, value := range theirs {
					if strings.HasPrefix(series, "node_thermal_zone_temp{") && strings.Contains(series, fmt.Sprintf("type=%q", s.Sensor)) {
						compared++
						if value != *s.Celsius {
							t.Errorf("%s: %v, node_exporter says %v", s.Sensor, *s.Celsius, value)
						}
					}
				}
			}
			for _, s := range doc.PowerSupplies {
				supply := fmt.Sprintf("{power_supply=%q}", s.Supply)
				if s.ChargeRatio != nil {
					same(*s.ChargeRatio*100, "node_power_supply_capacity"+supply)
				}
				if s.Volts != nil {
					same(*s.Volts, "node_power_supply_voltage_volt"+supply)
				}
				if s.Online != nil {
					online := 0.0
					if *s.Online {
						online = 1
					}
					same(online, "node_power_supply_online"+supply)
				}
			}
			if compared < 3 {
				t.Errorf("%d values compared", compared)
			}
			t.Logf("%d values compared", compared)
		})
	}
}
