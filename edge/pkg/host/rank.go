package host

import (
	"regexp"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Ranks say what people look at first, 0 before 1, where a list is too long
// for a report.

// rankFilesystem puts the root first, then disks of the node's own.
func rankFilesystem(f *sysinfo.Filesystem) int {
	switch {
	case f.Mountpoint == "/":
		return 0
	case strings.HasPrefix(f.Device, "/dev/") && !strings.HasPrefix(f.Device, "/dev/loop"):
		return 1
	case strings.HasPrefix(f.FSType, "fuse"):
		return 3
	}
	return 2
}

var (
	realDisk   = regexp.MustCompile(`^(?:sd|hd|vd|xvd|nvme|mmcblk|mtdblock|dasd|pmem|cciss|ubd)`)
	joinedDisk = regexp.MustCompile(`^(?:md|bcache)`)
)

// rankDisk puts disks that one can touch before what is made of them.
func rankDisk(d *sysinfo.Disk) int {
	switch {
	case realDisk.MatchString(d.Device):
		return 0
	case joinedDisk.MatchString(d.Device):
		return 1
	}
	return 2 // dm-, loop, nbd, rbd, zram
}

var (
	realNetwork   = regexp.MustCompile(`^(?:eth|en(?:[opsxudvPX]\d|x[0-9a-f]{12}$)|em\d|wl|ww|usb|ib|can|lan|wan|sfp|ppp|mlan|rmnet)`)
	joinedNetwork = regexp.MustCompile(`^(?:bond|team|vlan|wg|tun|tap|tailscale|zt)|\.\d+$`)
)

// rankNetwork puts interfaces with a device behind them, or a device's name,
// before bonds, VLANs and tunnels, and those before bridges.
func rankNetwork(name string, device bool) int {
	switch {
	case joinedNetwork.MatchString(name):
		return 1
	case device, realNetwork.MatchString(name):
		return 0
	}
	return 2
}

var (
	wholeSensor = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:x86_pkg|pkg|package|cpu|gpu|soc|npu|mcpu|big|little|center|k10temp|tctl|tdie|acpitz)(?:$|[^a-z])|^(?:big|little|soc|cpu|gpu)`)
	partSensor  = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:tj|cv|aux|ao|pll|core|coretemp)(?:$|[^a-z])`)
	otherChip   = regexp.MustCompile(`/`)
)

// rankTemperature puts the sensors of the processor before those of its parts,
// and these before those around it.
func rankTemperature(t *sysinfo.Temperature) int {
	switch {
	case wholeSensor.MatchString(t.Sensor):
		return 0
	case partSensor.MatchString(t.Sensor):
		return 1
	case !otherChip.MatchString(t.Sensor):
		return 2 // a thermal zone
	}
	return 3 // a hardware monitor
}
