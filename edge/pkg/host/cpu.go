package host

import (
	"github.com/prometheus/procfs"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// readCPU reads /proc/stat: processors, their time by mode, and the boot time.
func (r *Reader) readCPU(doc *sysinfo.Document) error {
	fs, err := r.procfs()
	if err != nil {
		return err
	}
	stat, err := fs.Stat()
	if err != nil {
		r.cpu = nil // the next ratio would cover a time nobody can tell
		return err
	}
	if stat.BootTime > 0 {
		doc.Host.BootTime = sysinfo.Ptr(float64(stat.BootTime))
	}
	cpu := cpuOf(doc)
	if n := len(stat.CPU); n > 0 {
		cpu.Count = sysinfo.Ptr(uint64(n))
	}
	now := stat.CPUTotal
	// Guest time is left out: the kernel has it in user and nice already.
	cpu.SecondsTotal = map[string]float64{
		"user": now.User, "nice": now.Nice, "system": now.System, "idle": now.Idle,
		"iowait": now.Iowait, "irq": now.IRQ, "softirq": now.SoftIRQ, "steal": now.Steal,
	}
	if r.cpu != nil {
		cpu.UsageRatio = usageRatio(*r.cpu, now)
	}
	r.cpu = &now
	return nil
}

// usageRatio returns the busy share of the time between two readings, nil
// where no time passed. The kernel lets idle and iowait run backwards a little
// (and far, when a processor is taken offline), hence the bounds.
func usageRatio(before, now procfs.CPUStat) *float64 {
	idle := (now.Idle + now.Iowait) - (before.Idle + before.Iowait)
	busy := (now.User + now.Nice + now.System + now.IRQ + now.SoftIRQ + now.Steal) -
		(before.User + before.Nice + before.System + before.IRQ + before.SoftIRQ + before.Steal)
	idle, busy = max(idle, 0), max(busy, 0)
	if idle+busy <= 0 {
		return nil
	}
	return sysinfo.Ptr(busy / (idle + busy))
}

// readLoad reads /proc/loadavg.
func (r *Reader) readLoad(doc *sysinfo.Document) error {
	fs, err := r.procfs()
	if err != nil {
		return err
	}
	load, err := fs.LoadAvg()
	if err != nil {
		return err
	}
	cpu := cpuOf(doc)
	cpu.Load1, cpu.Load5, cpu.Load15 = &load.Load1, &load.Load5, &load.Load15
	return nil
}

func cpuOf(doc *sysinfo.Document) *sysinfo.CPU {
	if doc.CPU == nil {
		doc.CPU = &sysinfo.CPU{}
	}
	return doc.CPU
}
