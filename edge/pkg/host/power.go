package host

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// powerSupplies reads batteries, mains adapters and their like.
func (p *reading) powerSupplies() (fill, error) {
	paths := p.list("class/power_supply", "*")
	var list []sysinfo.PowerSupply
	for i, answer := range ask.Each(p.ctx, &p.asker, paths, func(i int) (*sysinfo.PowerSupply, error) { return readSupply(paths[i]) }) {
		if answer.Value != nil {
			list = append(list, *answer.Value)
		}
		if answer.Err != nil {
			p.fail(named(paths[i], answer.Err))
		}
	}
	return func(doc *sysinfo.Document) { doc.PowerSupplies = list }, nil
}

func readSupply(path string) (*sysinfo.PowerSupply, error) {
	f := folder{path: path}
	if scope, _ := f.text("scope"); scope == "Device" {
		return nil, f.err() // of a mouse or the like, not of the node
	}
	s := &sysinfo.PowerSupply{Supply: filepath.Base(path)}
	s.Type, _ = f.text("type")
	if present := f.flag("present"); present != nil && !*present {
		return s, f.err() // the battery is not in it
	}
	if online := f.number("online"); online != nil {
		s.Online = sysinfo.Ptr(*online > 0) // 2 is online at a fixed voltage
	}
	if status, ok := f.text("status"); ok && status != "Unknown" {
		s.Discharging = sysinfo.Ptr(status == "Discharging")
	}
	if capacity := f.number("capacity"); capacity != nil {
		if *capacity < 0 || *capacity > 100 {
			f.fail("capacity", fmt.Errorf("%v is outside of 0 to 100 %%", *capacity))
		} else {
			s.ChargeRatio = ratio(capacity, 100)
		}
	}
	if microvolts := f.number("voltage_now"); microvolts != nil {
		if *microvolts < 0 {
			f.fail("voltage_now", fmt.Errorf("%v µV is below zero", *microvolts))
		} else {
			s.Volts = sysinfo.Ptr(*microvolts / 1e6)
		}
	}
	return s, f.err()
}

// throttling reads what a Raspberry Pi's firmware says of its power and heat:
// the undervoltage alarm of its hardware monitor, and get_throttled, which not
// every kernel has.
func (p *reading) throttling() (fill, error) {
	var firmware []string
	for _, pattern := range []string{"*firmware", "*/*firmware", "*/*/*firmware"} {
		found, _ := filepath.Glob(p.sys("devices/platform", pattern, "get_throttled"))
		firmware = append(firmware, found...)
	}
	monitors := p.list("class/hwmon", "hwmon*")
	names := make([]string, 0, len(firmware)+len(monitors))
	for _, path := range append(firmware, monitors...) {
		names = append(names, "throttling "+path)
	}
	var all sysinfo.Throttling
	for i, answer := range ask.Each(p.ctx, &p.asker, names, func(i int) (sysinfo.Throttling, error) {
		if i < len(firmware) {
			return readThrottled(firmware[i])
		}
		return readVoltageAlarm(monitors[i-len(firmware)])
	}) {
		if answer.Err != nil {
			p.fail(named(strings.TrimPrefix(names[i], "throttling "), answer.Err))
		}
		t := answer.Value
		for _, pair := range []struct{ into, from **bool }{
			{&all.Undervoltage, &t.Undervoltage}, {&all.Throttled, &t.Throttled},
			{&all.FrequencyCapped, &t.FrequencyCapped}, {&all.TemperatureLimit, &t.TemperatureLimit},
		} {
			if *pair.from != nil && (*pair.into == nil || **pair.from) {
				*pair.into = *pair.from
			}
		}
	}
	if all == (sysinfo.Throttling{}) {
		return nil, nil
	}
	return func(doc *sysinfo.Document) { doc.Throttling = &all }, nil
}

// readThrottled reads the firmware's bits. Those from 16 on tell what was
// since the boot, and are not reported: alerts look at what is.
func readThrottled(path string) (t sysinfo.Throttling, err error) {
	text, err := readText(path)
	if err != nil {
		return t, err
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 32)
	if err != nil {
		return t, fmt.Errorf("%s: %.40q is no hexadecimal number", path, text)
	}
	bit := func(n int) *bool { return sysinfo.Ptr(bits>>n&1 == 1) }
	return sysinfo.Throttling{Undervoltage: bit(0), FrequencyCapped: bit(1), Throttled: bit(2), TemperatureLimit: bit(3)}, nil
}

func readVoltageAlarm(path string) (t sysinfo.Throttling, err error) {
	f := folder{path: path}
	if name, _ := f.text("name"); name == "rpi_volt" {
		t.Undervoltage = f.flag("in0_lcrit_alarm")
	} else if len(f.failed) > 0 {
		return t, nil // temperatures say it of the same file
	}
	return t, f.err()
}
