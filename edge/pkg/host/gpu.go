package host

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var (
	drmCard = regexp.MustCompile(`^card\d+$`) // not its connectors, card0-HDMI-A-1
	// devfreqGPU matches the devices of devfreq that are graphics processors:
	// Tegra's by the chip's name (17000000.ga10b), others by the word.
	devfreqGPU = regexp.MustCompile(`(?i)gpu|mali|^[0-9a-f]+\.g[a-z]\d+b`)
	// gpuZone matches the thermal zones of a graphics processor: gpu_thermal,
	// gpu-thermal, GPU-therm, gpu0-thermal, gpu.
	gpuZone = regexp.MustCompile(`(?i)^gpu\d*(?:[-_ ]?therm(?:al)?)?(?:$|@)`)
)

// gpus reads what sysfs tells of graphics processors without a vendor's
// library: AMD's cards, the processors of boards that scale their clock by
// devfreq (Jetson, Mali), and the names of NVIDIA's cards.
func (p *reading) gpus() (fill, error) {
	var (
		paths []string
		reads []func(string) (*sysinfo.GPU, error)
	)
	add := func(path string, read func(string) (*sysinfo.GPU, error)) {
		paths, reads = append(paths, path), append(reads, read)
	}
	for _, card := range p.list("class/drm", "card*") {
		if drmCard.MatchString(filepath.Base(card)) {
			add(card, readAMD)
		}
	}
	boards := map[string]bool{}
	for _, entry := range p.list("class/devfreq", "*") {
		if name := filepath.Base(entry); devfreqGPU.MatchString(name) {
			boards[name] = true
			add(entry, readDevfreq)
		}
	}
	nvidia := p.proc("driver/nvidia/gpus")
	names, err := readNames(nvidia)
	if plainfile.IsMissing(err) {
		err = nil
	}
	for _, name := range names {
		add(filepath.Join(nvidia, name), readNVIDIA)
	}
	list := readEach(p, paths, func(i int) (*sysinfo.GPU, error) { return reads[i](paths[i]) })
	return func(doc *sysinfo.Document) {
		doc.GPUs = list
		for i := range list {
			if !boards[list[i].GPU] {
				continue
			}
			for _, t := range doc.Temperatures {
				if gpuZone.MatchString(t.Sensor) {
					list[i].Celsius = t.Celsius
					break
				}
			}
		}
	}, err
}

func readAMD(card string) (*sysinfo.GPU, error) {
	f := folder{path: filepath.Join(card, "device")}
	if vendor, _ := f.text("vendor"); vendor != "0x1002" {
		return nil, nil
	}
	gpu := &sysinfo.GPU{
		GPU:              filepath.Base(card),
		Model:            "amdgpu",
		UtilizationRatio: ratio(f.number("gpu_busy_percent"), 100),
		MemoryUsedBytes:  f.bytes("mem_info_vram_used"),
		MemoryTotalBytes: f.bytes("mem_info_vram_total"),
	}
	if model, ok := f.text("product_name"); ok {
		gpu.Model = model
	}
	monitors, _ := os.ReadDir(filepath.Join(f.path, "hwmon"))
	for _, m := range monitors {
		name := filepath.Join("hwmon", m.Name(), "temp1_input")
		if s := f.celsius(name, false, func() *float64 { return nil }); s != nil {
			gpu.Celsius = &s.celsius
			break
		}
	}
	return gpu, f.err()
}

func readDevfreq(entry string) (*sysinfo.GPU, error) {
	f := folder{path: entry}
	gpu := &sysinfo.GPU{GPU: filepath.Base(entry), Model: compatible(filepath.Join(entry, "device/of_node/compatible"))}
	if f.has("device/load") {
		gpu.UtilizationRatio = ratio(f.number("device/load"), 1000) // Tegra counts in thousandths
	} else if text, ok := f.text("load"); ok {
		// "37@400000000Hz": hundredths, and the clock they are of
		load, _, _ := strings.Cut(text, "@")
		n, err := strconv.ParseFloat(strings.TrimSuffix(load, "%"), 64)
		if err != nil {
			f.fail("load", load, "is no number")
		} else {
			gpu.UtilizationRatio = ratio(&n, 100)
		}
	}
	return gpu, f.err()
}

// compatible returns the first of the names that a device tree node goes by.
func compatible(path string) string {
	b, err := plainfile.Read(path, maxAttributeBytes)
	if err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(b, []byte("\x00"))
	return strings.TrimSpace(string(name))
}

// readNVIDIA names a card. How busy it is the driver tells nobody without its
// library; a custom value can bring nvidia-smi's word.
func readNVIDIA(dir string) (*sysinfo.GPU, error) {
	gpu := &sysinfo.GPU{GPU: filepath.Base(dir), Model: "nvidia"}
	err := plainfile.Lines(filepath.Join(dir, "information"), maxAttributeBytes, func(line []byte) {
		if model, ok := bytes.CutPrefix(line, []byte("Model:")); ok {
			gpu.Model = string(bytes.TrimSpace(model))
		}
	})
	if err != nil {
		return nil, err
	}
	return gpu, nil
}

// ratio makes a share of a whole of a number of parts, which some drivers
// overdo.
func ratio(n *float64, parts float64) *float64 {
	if n == nil {
		return nil
	}
	return sysinfo.Ptr(min(max(*n/parts, 0), 1))
}
