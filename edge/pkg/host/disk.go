package host

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// sectorBytes is the unit of /proc/diskstats, whatever the disk's own is.
const sectorBytes = 512

// diskCounters are the counters of one line of /proc/diskstats that are
// reported.
type diskCounters struct{ readSectors, writtenSectors, busyMillis uint64 }

// disks reads /proc/diskstats and what eMMCs tell of their wear.
func (p *reading) disks() (fill, error) {
	var order []string
	disks := map[string]diskCounters{}
	err := p.lines(p.proc("diskstats"), func(line []byte) (string, error) {
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			return "", nil
		}
		if len(fields) < 14 {
			name := ""
			if len(fields) > 2 {
				name = string(fields[2])
			}
			return name, fmt.Errorf("%d fields, want at least 14", len(fields))
		}
		name := string(fields[2])
		values := make([]uint64, len(fields)-3)
		if err := counters(fields[3:], 4, values); err != nil {
			return name, err
		}
		for _, i := range []int{2, 6} {
			if values[i] > math.MaxUint64/sectorBytes {
				return name, fieldError(4+i, fields[3+i], "count of sectors")
			}
		}
		if _, twice := disks[name]; !twice {
			order = append(order, name)
		}
		disks[name] = diskCounters{values[2], values[6], values[9]}
		return "", nil
	})
	joinPaths(disks)
	// Partitions are a part of what their disks count; an expression that
	// leaves out nothing leaves them in.
	everything := p.options.DisksExclude.String() == nothing
	var kept []string
	for name := range disks {
		if !p.options.DisksExclude.MatchString(name) && (everything || !p.isPartition(name, disks)) {
			kept = append(kept, name)
		}
	}
	// Names of sysfs have ! for the / of some controllers' disks.
	questions := make([]string, len(kept))
	for i, name := range kept {
		questions[i] = "disk " + name
	}
	wears := ask.Each(p.ctx, &p.asker, questions, func(i int) (wear, error) {
		return readWear(p.sys("block", strings.ReplaceAll(kept[i], "/", "!"), "device"))
	})
	list := make([]sysinfo.Disk, len(kept))
	for i, name := range kept {
		d := disks[name]
		list[i] = sysinfo.Disk{
			Device:             name,
			ReadBytesTotal:     sysinfo.Ptr(d.readSectors * sectorBytes),
			WrittenBytesTotal:  sysinfo.Ptr(d.writtenSectors * sectorBytes),
			IOTimeSecondsTotal: sysinfo.Ptr(float64(d.busyMillis) / 1000),
			LifeUsedRatio:      wears[i].Value.lifeUsed,
			PreEOL:             wears[i].Value.preEOL,
		}
		if err := wears[i].Err; err != nil {
			p.failf("wear of %s: %w", name, err)
		}
	}
	return func(doc *sysinfo.Document) { doc.Disks = list }, err
}

// nvmePath matches one controller's way to a disk that several lead to.
var nvmePath = regexp.MustCompile(`^(nvme\d+)c\d+(n\d+)$`)

// joinPaths counts the ways to an NVMe disk under the name that people know.
// Kernels before 6.13 count the ways alone and leave the disk itself at zero.
func joinPaths(disks map[string]diskCounters) {
	sums := map[string]diskCounters{}
	for name, d := range disks {
		m := nvmePath.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		delete(disks, name)
		whole := m[1] + m[2]
		sum := sums[whole]
		sum.readSectors += d.readSectors
		sum.writtenSectors += d.writtenSectors
		sum.busyMillis = max(sum.busyMillis, d.busyMillis) // they are busy side by side
		sums[whole] = sum
	}
	for whole, sum := range sums {
		if disks[whole] == (diskCounters{}) {
			disks[whole] = sum
		}
	}
}

// isPartition tells whether the device is a part of another in the list: by
// sysfs' word, else by its name. A partition without its disk, as virtual
// machines have, is a disk.
func (p *reading) isPartition(name string, disks map[string]diskCounters) bool {
	entry := strings.ReplaceAll(name, "/", "!")
	if plainfile.Exists(p.sys("class/block", entry, "partition")) {
		return true
	}
	if plainfile.Exists(p.sys("block", entry)) {
		return false
	}
	whole := strings.TrimRight(name, "0123456789")
	if whole == name || whole == "" {
		return false
	}
	if before, ok := strings.CutSuffix(whole, "p"); ok && before != "" && isDigit(before[len(before)-1]) {
		return true // as mmcblk0p1, nvme0n1p1, loop0p1, md127p1
	}
	_, there := disks[whole]
	return there
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// wear is what an eMMC says of its age.
type wear struct {
	lifeUsed *float64
	preEOL   *uint64
}

func readWear(device string) (wear, error) {
	f := folder{path: device}
	var w wear
	if text, ok := f.text("life_time"); ok {
		// One estimate for each of two kinds of memory cells, in tenths; 11 is
		// "exceeded" and 0 "not defined".
		for _, field := range strings.Fields(text) {
			n, err := strconv.ParseUint(field, 0, 8)
			if err != nil || n > 11 {
				f.fail("life_time", text, "is not two numbers from 0x00 to 0x0b")
				w.lifeUsed = nil
				break
			}
			if used := min(float64(n)/10, 1); n > 0 && (w.lifeUsed == nil || used > *w.lifeUsed) {
				w.lifeUsed = &used
			}
		}
	}
	if text, ok := f.text("pre_eol_info"); ok {
		n, err := strconv.ParseUint(text, 0, 8)
		switch {
		case err != nil || n > 3:
			f.fail("pre_eol_info", text, "is no number from 0x00 to 0x03")
		case n > 0: // 0 is "not defined"
			w.preEOL = &n
		}
	}
	return w, f.err()
}
