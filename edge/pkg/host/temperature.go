package host

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

const milli = 1000 // fractions of a unit

// readTemperatures reads the thermal zones and the hardware monitors.
func (r *Reader) readTemperatures(doc *sysinfo.Document) error {
	var found []reading
	for _, zone := range r.list("class/thermal", "thermal_zone*") {
		celsius := readNumber(filepath.Join(zone, "temp"), milli)
		kind, ok := readText(filepath.Join(zone, "type"))
		if celsius == nil || !ok {
			continue // a zone that is switched off answers with an error
		}
		number := strings.TrimPrefix(filepath.Base(zone), "thermal_zone")
		found = append(found, reading{kind, number, celsius})
	}
	for _, monitor := range r.list("class/hwmon", "hwmon*") {
		device, err := filepath.EvalSymlinks(filepath.Join(monitor, "device"))
		if err == nil && strings.HasPrefix(filepath.Base(device), "thermal_zone") {
			continue // the thermal zone again, in other clothes
		}
		name, ok := readText(filepath.Join(monitor, "name"))
		if !ok {
			name = filepath.Base(monitor)
		}
		distinct := filepath.Base(monitor)
		if err == nil {
			// Monitors are numbered in the order of their drivers' loading,
			// which changes; what they monitor keeps its name.
			distinct = filepath.Base(device)
		}
		inputs, _ := filepath.Glob(filepath.Join(monitor, "temp*_input"))
		for _, input := range inputs {
			celsius := readNumber(input, milli)
			if celsius == nil {
				continue
			}
			channel := strings.TrimSuffix(filepath.Base(input), "_input")
			label, ok := readText(filepath.Join(monitor, channel+"_label"))
			if !ok {
				label = channel
			}
			found = append(found, reading{name + "/" + label, distinct + "/" + channel, celsius})
		}
	}
	// A name that two sensors share gets what tells them apart added, on both:
	// then neither's series depends on which is read first.
	shared := map[string]int{}
	for _, f := range found {
		shared[f.name]++
	}
	for _, f := range found {
		name := f.name
		if shared[name] > 1 {
			name += "@" + f.distinct
		}
		doc.Temperatures = append(doc.Temperatures, sysinfo.Temperature{Sensor: name, Celsius: f.celsius})
	}
	return nil
}

// reading is one sensor's value, by the name it likes to have and by what
// tells it from another of that name.
type reading struct {
	name, distinct string
	celsius        *float64
}

// list returns the entries of a class of sysfs. A class that the host does
// not have is an empty one.
func (r *Reader) list(class, pattern string) []string {
	dir := r.sys(class)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); ok {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}
