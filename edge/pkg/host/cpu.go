package host

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// cpuModes are the modes of proc(5)'s cpu line, in its order. Guest time is
// left out: the kernel has it in user and nice already.
var cpuModes = [...]string{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"}

const idleMode, iowaitMode = 3, 4

// cpuTimes is the time of all processors in each mode, in ticks.
type cpuTimes struct {
	ticks [len(cpuModes)]uint64
	modes int // that the kernel counts; zero before the first reading
}

// little is how far idle time runs back without a processor's going offline.
const little = 3 * ticksPerSecond

const ticksPerSecond = 100 // USER_HZ, the same on every processor that Go runs on

// stat reads /proc/stat: processors, their time by mode, and the boot time.
func (p *reading) stat() (fill, error) {
	var (
		now       cpuTimes
		count     uint64
		bootTime  float64
		anything  bool
		cpuPrefix = []byte("cpu")
	)
	err := p.lines(p.proc("stat"), func(line []byte) (string, error) {
		fields := bytes.Fields(line[:min(len(line), 512)]) // the line of interrupts is a long one
		if len(fields) == 0 {
			return "", nil
		}
		name := fields[0]
		switch {
		case string(name) == "cpu":
			anything = true
			n := min(len(fields)-1, len(cpuModes))
			if n < 4 {
				return "cpu", fmt.Errorf("%d fields, want at least 4", n)
			}
			if err := counters(fields[1:], 2, now.ticks[:n]); err != nil {
				return "cpu", err
			}
			now.modes = n
		case bytes.HasPrefix(name, cpuPrefix):
			if _, err := strconv.ParseUint(string(name[len(cpuPrefix):]), 10, 16); err != nil {
				return string(name), errors.New("is no processor")
			}
			count++
		case string(name) == "btime":
			if len(fields) != 2 {
				return "btime", errors.New("has no time")
			}
			var at [1]uint64
			if err := counters(fields[1:], 2, at[:]); err != nil {
				return "btime", err
			}
			bootTime = float64(at[0])
		}
		return "", nil
	})
	if err == nil && !anything {
		err = fmt.Errorf("%s has no line cpu", p.proc("stat"))
	}
	if mode, n := now.tooLong(max(count, 1)); mode != "" {
		p.fail(once.Keyed(p.proc("stat")+" "+mode, fmt.Errorf("%s: line \"cpu\": %s, %d, is more time than there was", p.proc("stat"), mode, n)))
		now = cpuTimes{}
	}
	var ratio *float64
	seconds := map[string]float64{}
	if now.modes > 0 {
		before := p.Reader.cpuBefore
		p.Reader.cpuBefore = now
		switch idle := before.ticks[idleMode]; {
		case now.ticks[idleMode]+little < idle:
			p.fail(once.Keyed(p.proc("stat")+" idle", fmt.Errorf("%s: idle time ran back from %d to %d; no share of this time", p.proc("stat"), idle, now.ticks[idleMode])))
		case before.modes > 0:
			// Of what was said, and not of what is held: else no idle time
			// would pass until it has caught up.
			passed := now
			passed.hold(before)
			ratio = usageRatio(before, passed)
		}
		now.hold(p.Reader.cpu)
		p.Reader.cpu = now
		for i, mode := range cpuModes[:now.modes] {
			seconds[mode] = float64(now.ticks[i]) / ticksPerSecond
		}
	} else {
		p.Reader.cpuBefore = cpuTimes{} // the next ratio would cover a time nobody can tell
	}
	return func(doc *sysinfo.Document) {
		if bootTime > 0 {
			doc.Host.BootTime = &bootTime
		}
		if count == 0 && len(seconds) == 0 {
			return
		}
		cpu := cpuOf(doc)
		if count > 0 {
			cpu.Count = &count
		}
		if len(seconds) > 0 {
			cpu.SecondsTotal = seconds
		}
		cpu.UsageRatio = ratio
	}, err
}

// tooLong returns the mode in which so many processors cannot have been, if
// there is one: a time that fell below zero, as some virtual machines' does,
// shows as hundreds of years, and would be held for ever.
func (now *cpuTimes) tooLong(processors uint64) (mode string, ticks uint64) {
	const most = 20 * 365 * 24 * 3600 * ticksPerSecond
	for i, n := range now.ticks {
		if n/processors > most {
			return cpuModes[i], n
		}
	}
	return "", 0
}

// hold keeps every mode from running back: the kernel lets idle and iowait do
// so a little at any time, and far when a processor is taken offline, which
// would look like a counter that began anew.
func (now *cpuTimes) hold(before cpuTimes) {
	for i := range now.ticks {
		now.ticks[i] = max(now.ticks[i], before.ticks[i])
	}
	now.modes = max(now.modes, before.modes)
}

// usageRatio returns the busy share of the time between two readings, of which
// the later one was held, nil where no time passed.
func usageRatio(before, now cpuTimes) *float64 {
	var idle, all uint64
	for i := range now.ticks {
		passed := now.ticks[i] - before.ticks[i]
		all += passed
		if i == idleMode || i == iowaitMode {
			idle += passed
		}
	}
	if all == 0 {
		return nil
	}
	return sysinfo.Ptr(float64(all-idle) / float64(all))
}

// load reads /proc/loadavg.
func (p *reading) load() (fill, error) {
	path := p.proc("loadavg")
	text, err := readText(path)
	if err != nil {
		return nil, err
	}
	fields := bytes.Fields([]byte(text))
	var loads [3]*float64
	for i := range loads {
		if i >= len(fields) {
			return nil, fmt.Errorf("%s: %d fields, want at least 3", path, len(fields))
		}
		load, err := strconv.ParseFloat(string(fields[i]), 64)
		if err != nil || !(load >= 0 && load < 1e9) {
			p.fail(fmt.Errorf("%s: %w", path, fieldError(i+1, fields[i], "load")))
			continue
		}
		loads[i] = &load
	}
	return func(doc *sysinfo.Document) {
		cpu := cpuOf(doc)
		cpu.Load1, cpu.Load5, cpu.Load15 = loads[0], loads[1], loads[2]
	}, nil
}

func cpuOf(doc *sysinfo.Document) *sysinfo.CPU {
	if doc.CPU == nil {
		doc.CPU = &sysinfo.CPU{}
	}
	return doc.CPU
}
