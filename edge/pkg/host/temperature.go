package host

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// A sensor of a machine that works is within these, in degrees Celsius. What
// is outside is the answer of one that is switched off or broken.
const coldest, hottest = -100, 250

// sensor is one sensor's reading, by the name it likes to have and by what
// tells it from another of that name.
type sensor struct {
	name, distinct string
	celsius        float64
	thousandths    bool // without a doubt
}

// temperatures reads the thermal zones and the hardware monitors, whose alarms
// it finds on the way.
func (p *reading) temperatures() (fill, error) {
	zones, paths := p.list("class/thermal", "thermal_zone*"), p.list("class/hwmon", "hwmon*")
	// Every sensor has a time of its own, so the monitors are opened first, in
	// half of it.
	half, cancel := p.half()
	defer cancel()
	var (
		inputs  []string
		sources []*monitor
		alarms  sysinfo.Throttling
	)
	for i, answer := range ask.Each(half, &p.asker, paths, func(i int) (*monitor, error) { return openMonitor(paths[i]) }) {
		if answer.Err != nil {
			p.fail(named(paths[i], answer.Err))
		}
		if m := answer.Value; m != nil {
			alarms.Undervoltage = either(alarms.Undervoltage, m.undervoltage)
			for _, input := range m.inputs {
				inputs, sources = append(inputs, input), append(sources, m)
			}
		}
	}
	names := append(append([]string(nil), zones...), inputs...)
	var all []sensor
	thousandths := map[string]bool{}
	for i, answer := range ask.Each(p.ctx, &p.asker, names, func(i int) (*sensor, error) {
		known := p.thousandths[names[i]]
		if i < len(zones) {
			return readZone(zones[i], known)
		}
		i -= len(zones)
		return sources[i].read(inputs[i], known)
	}) {
		if p.thousandths[names[i]] || answer.Value != nil && answer.Value.thousandths {
			thousandths[names[i]] = true
		}
		if answer.Value != nil {
			all = append(all, *answer.Value)
		}
		if answer.Err != nil {
			p.fail(named(names[i], answer.Err))
		}
	}
	list := make([]sysinfo.Temperature, len(all))
	for i, name := range distinctNames(all) {
		list[i] = sysinfo.Temperature{Sensor: name, Celsius: &all[i].celsius}
	}
	return func(doc *sysinfo.Document) {
		doc.Temperatures = list
		addThrottling(doc, alarms)
		p.Reader.thousandths = thousandths
	}, nil
}

// named adds the path of what was asked to an error that does not tell it.
func named(path string, err error) error {
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// distinctNames returns a name for each sensor. Those that share one get what
// tells them apart added, on all of them: then none's series depends on which
// is read first.
func distinctNames(all []sensor) []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	shared := func() map[string]int {
		count := map[string]int{}
		for _, name := range names {
			count[name]++
		}
		return count
	}
	count := shared()
	for i, s := range all {
		if count[names[i]] > 1 {
			names[i] += "@" + s.distinct
		}
	}
	// Two monitors of one device may still have one name; nothing but their
	// order tells them apart.
	count, seen := shared(), map[string]int{}
	for i, name := range names {
		if count[name] > 1 {
			seen[name]++
			names[i] = fmt.Sprintf("%s#%d", name, seen[name])
		}
	}
	return names
}

// readZone reads a thermal zone.
func readZone(path string, thousandths bool) (*sensor, error) {
	f := folder{path: path}
	kind, ok := f.text("type")
	if !ok {
		kind = filepath.Base(path)
	}
	s := f.celsius("temp", thousandths, func() *float64 {
		for i := 0; i < 12; i++ {
			if trip := f.number(fmt.Sprintf("trip_point_%d_temp", i)); trip != nil && *trip > 0 {
				return trip
			}
		}
		return nil
	})
	if s != nil {
		s.name, s.distinct = kind, strings.TrimPrefix(filepath.Base(path), "thermal_zone")
	}
	return s, f.err()
}

// celsius returns a sensor with the temperature in the file, nil where there is
// none. The kernel's unit is the thousandth of a degree. Some drivers count in
// tenths or in whole degrees, and what they say looks like next to zero: then the
// sensor's limit, which looks so too, tells the unit. Without that the value is
// left out, save of a sensor that is known for thousandths.
func (f *folder) celsius(name string, thousandths bool, limit func() *float64) *sensor {
	n := f.number(name)
	if n == nil {
		return nil
	}
	unit := 1000.0
	whole, tenths := *n >= coldest && *n < hottest, *n >= 10*coldest && *n <= 10*hottest
	if tenths && *n != 0 && !thousandths {
		switch most := limit(); {
		case most != nil && *most <= hottest && whole:
			unit = 1
		case most != nil && *most > hottest && *most <= 10*hottest:
			unit = 10
		case whole:
			f.fail(name, *n, "may be degrees or thousandths of a degree")
			return nil
		default:
			f.fail(name, *n, "may be tenths or thousandths of a degree")
			return nil
		}
	}
	celsius := *n / unit
	if celsius < coldest || celsius > hottest {
		f.fail(name, celsius, fmt.Sprintf("is outside of %d to %d °C", coldest, hottest))
		return nil
	}
	return &sensor{celsius: celsius, thousandths: thousandths || !tenths}
}

// monitor is a hardware monitor.
type monitor struct {
	folder   string   // with its files
	inputs   []string // paths of its temperatures
	name     string
	distinct string

	undervoltage *bool // of a Raspberry Pi's
}

// openMonitor finds the sensors of a hardware monitor; nil is one without a
// temperature or an alarm, or a thermal zone again, in other clothes.
func openMonitor(path string) (*monitor, error) {
	device, err := filepath.EvalSymlinks(filepath.Join(path, "device"))
	if err == nil && strings.HasPrefix(filepath.Base(device), "thermal_zone") {
		return nil, nil
	}
	names, err := readNames(path)
	if err != nil {
		return nil, err
	}
	m := &monitor{folder: path}
	if m.inputs = temperatureInputs(path, names); len(m.inputs) == 0 && slices.Contains(names, "device") {
		// Drivers of old kernels have their files beside the link to them.
		beside := filepath.Join(path, "device")
		if names, err := readNames(beside); err == nil {
			if m.inputs = temperatureInputs(beside, names); len(m.inputs) > 0 {
				m.folder = beside
			}
		}
	}
	if len(m.inputs) == 0 && !slices.Contains(names, voltageAlarm) {
		return nil, nil
	}
	f := folder{path: m.folder}
	for _, name := range []string{"name", "../name", "device/name"} {
		if m.name, _ = f.text(name); m.name != "" {
			break
		}
	}
	if m.name == piMonitor {
		m.undervoltage = f.flag(voltageAlarm)
	}
	if m.name == "" {
		m.name = filepath.Base(path)
	}
	m.distinct = filepath.Base(path)
	if device != "" {
		// Monitors are numbered in the order of their drivers' loading, which
		// changes; what they monitor keeps its name.
		m.distinct = filepath.Base(device)
	}
	return m, f.err()
}

// temperatureInputs returns the paths of those of a folder's files that are
// temperatures.
func temperatureInputs(dir string, names []string) (paths []string) {
	for _, name := range names {
		if ok, _ := filepath.Match("temp*_input", name); ok {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	sortNatural(paths)
	return paths
}

// read reads one temperature, nil where the monitor says that it has none.
func (m *monitor) read(input string, thousandths bool) (*sensor, error) {
	f := folder{path: m.folder}
	channel := strings.TrimSuffix(filepath.Base(input), "_input")
	if fault := f.flag(channel + "_fault"); fault != nil && *fault {
		f.fail(channel+"_fault", 1, "says that the sensor is broken")
		return nil, f.err()
	}
	s := f.celsius(channel+"_input", thousandths, func() *float64 {
		for _, limit := range []string{"_crit", "_max"} {
			if n := f.number(channel + limit); n != nil && *n > 0 {
				return n
			}
		}
		return nil
	})
	if s == nil {
		return nil, f.err()
	}
	label, ok := f.text(channel + "_label")
	if !ok {
		label = channel
	}
	s.name, s.distinct = m.name+"/"+label, m.distinct+"/"+channel
	return s, nil
}
