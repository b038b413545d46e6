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
	list := readEach(p, paths, func(i int) (*sysinfo.PowerSupply, error) { return readSupply(paths[i]) })
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
			f.fail("capacity", *capacity, "is outside of 0 to 100 %")
		} else {
			s.ChargeRatio = ratio(capacity, 100)
		}
	} else {
		// Drivers of some gauges leave the division to others.
		for _, unit := range []string{"energy", "charge"} {
			now, full := f.number(unit+"_now"), f.number(unit+"_full")
			if now == nil || full == nil || *full <= 0 {
				continue
			}
			if *now < 0 {
				f.fail(unit+"_now", *now, "is below zero")
				continue
			}
			s.ChargeRatio = ratio(now, *full)
			break
		}
	}
	if microvolts := f.number("voltage_now"); microvolts != nil {
		if *microvolts < 0 {
			f.fail("voltage_now", *microvolts, "µV is below zero")
		} else {
			s.Volts = sysinfo.Ptr(*microvolts / 1e6)
		}
	}
	return s, f.err()
}

// A Raspberry Pi's hardware monitor, and its alarm of too low a voltage.
const piMonitor, voltageAlarm = "rpi_volt", "in0_lcrit_alarm"

// throttling reads what a Raspberry Pi's firmware says of its power and heat in
// get_throttled, which not every kernel has.
func (p *reading) throttling() (fill, error) {
	var paths []string
	for _, pattern := range []string{"*firmware", "*/*firmware", "*/*/*firmware"} {
		found, _ := filepath.Glob(p.sys("devices/platform", pattern, "get_throttled"))
		paths = append(paths, found...)
	}
	var all []sysinfo.Throttling
	for i, answer := range ask.Each(p.ctx, &p.asker, paths, func(i int) (sysinfo.Throttling, error) { return readThrottled(paths[i]) }) {
		if answer.Err != nil {
			p.fail(named(paths[i], answer.Err))
		}
		all = append(all, answer.Value)
	}
	return func(doc *sysinfo.Document) {
		for _, t := range all {
			addThrottling(doc, t)
		}
	}, nil
}

// addThrottling adds what another source says: what one of them says is, is.
func addThrottling(doc *sysinfo.Document, t sysinfo.Throttling) {
	if t == (sysinfo.Throttling{}) {
		return
	}
	if doc.Throttling == nil {
		doc.Throttling = &sysinfo.Throttling{}
	}
	all := doc.Throttling
	all.Undervoltage = either(all.Undervoltage, t.Undervoltage)
	all.Throttled = either(all.Throttled, t.Throttled)
	all.FrequencyCapped = either(all.FrequencyCapped, t.FrequencyCapped)
	all.TemperatureLimit = either(all.TemperatureLimit, t.TemperatureLimit)
}

// either tells whether one of the two is true, nil where neither is known.
func either(a, b *bool) *bool {
	if a == nil || b != nil && *b {
		return b
	}
	return a
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
