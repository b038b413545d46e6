package host

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// readGPUs reads what sysfs tells of graphics processors without a vendor's
// library: AMD's cards, the processors of boards that scale their clock by
// devfreq (Jetson, Mali), and the names of NVIDIA's cards.
func (r *Reader) readGPUs(doc *sysinfo.Document) error {
	r.readAMD(doc)
	r.readDevfreq(doc)
	r.readNVIDIA(doc)
	return nil
}

var drmCard = regexp.MustCompile(`^card\d+$`) // not its connectors, card0-HDMI-A-1

func (r *Reader) readAMD(doc *sysinfo.Document) {
	for _, card := range r.list("class/drm", "card*") {
		if !drmCard.MatchString(filepath.Base(card)) {
			continue
		}
		device := filepath.Join(card, "device")
		if vendor, _ := readText(filepath.Join(device, "vendor")); vendor != "0x1002" {
			continue
		}
		gpu := sysinfo.GPU{
			GPU:              filepath.Base(card),
			Model:            "amdgpu",
			UtilizationRatio: ratio(readNumber(filepath.Join(device, "gpu_busy_percent"), 100)),
			MemoryUsedBytes:  readBytes(filepath.Join(device, "mem_info_vram_used")),
			MemoryTotalBytes: readBytes(filepath.Join(device, "mem_info_vram_total")),
		}
		if model, ok := readText(filepath.Join(device, "product_name")); ok {
			gpu.Model = model
		}
		inputs, _ := filepath.Glob(filepath.Join(device, "hwmon/hwmon*/temp1_input"))
		if len(inputs) > 0 {
			gpu.Celsius = readNumber(inputs[0], milli)
		}
		doc.GPUs = append(doc.GPUs, gpu)
	}
}

// devfreqGPU matches the devices of devfreq that are graphics processors:
// Tegra's by the chip's name (17000000.ga10b), others by the word.
var devfreqGPU = regexp.MustCompile(`(?i)gpu|mali|^[0-9a-f]+\.g[a-z]\d+b`)

func (r *Reader) readDevfreq(doc *sysinfo.Document) {
	for _, entry := range r.list("class/devfreq", "*") {
		name := filepath.Base(entry)
		if !devfreqGPU.MatchString(name) {
			continue
		}
		gpu := sysinfo.GPU{GPU: name, Model: compatible(filepath.Join(entry, "device/of_node/compatible"))}
		if load := readNumber(filepath.Join(entry, "device/load"), milli); load != nil {
			gpu.UtilizationRatio = ratio(load) // Tegra counts in thousandths
		} else if text, ok := readText(filepath.Join(entry, "load")); ok {
			// "37@400000000Hz": hundredths, and the clock they are of
			text, _, _ = strings.Cut(text, "@")
			if n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64); err == nil {
				gpu.UtilizationRatio = ratio(sysinfo.Ptr(n / 100))
			}
		}
		for _, t := range doc.Temperatures {
			if sensor := strings.ToLower(t.Sensor); strings.HasPrefix(sensor, "gpu-therm") || sensor == "gpu" {
				gpu.Celsius = t.Celsius
				break
			}
		}
		doc.GPUs = append(doc.GPUs, gpu)
	}
}

// compatible returns the first of the names that a device tree node goes by.
func compatible(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(string(b), "\x00")
	return strings.TrimSpace(name)
}

// readNVIDIA names the cards. How busy they are the driver tells nobody
// without its library; a custom value can bring nvidia-smi's word.
func (r *Reader) readNVIDIA(doc *sysinfo.Document) {
	infos, _ := filepath.Glob(r.proc("driver/nvidia/gpus/*/information"))
	for _, info := range infos {
		b, err := os.ReadFile(info)
		if err != nil {
			continue
		}
		gpu := sysinfo.GPU{GPU: filepath.Base(filepath.Dir(info)), Model: "nvidia"}
		for _, line := range strings.Split(string(b), "\n") {
			if model, ok := strings.CutPrefix(line, "Model:"); ok {
				gpu.Model = strings.TrimSpace(model)
			}
		}
		doc.GPUs = append(doc.GPUs, gpu)
	}
}

// ratio bounds a share of a whole, which some drivers overdo.
func ratio(n *float64) *float64 {
	if n == nil {
		return nil
	}
	return sysinfo.Ptr(min(max(*n, 0), 1))
}
