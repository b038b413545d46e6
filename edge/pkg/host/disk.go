package host

import (
	"github.com/prometheus/procfs/blockdevice"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// sectorBytes is the unit of /proc/diskstats, whatever the disk's own is.
const sectorBytes = 512

// readDisks reads /proc/diskstats.
func (r *Reader) readDisks(doc *sysinfo.Document) error {
	// Only /proc is read here; naming it twice keeps a missing /sys out of it.
	fs, err := blockdevice.NewFS(r.options.ProcPath, r.options.ProcPath)
	if err != nil {
		return err
	}
	disks, err := fs.ProcDiskstats()
	for _, d := range disks {
		if r.options.DisksExclude.MatchString(d.DeviceName) {
			continue
		}
		doc.Disks = append(doc.Disks, sysinfo.Disk{
			Device:             d.DeviceName,
			ReadBytesTotal:     sysinfo.Ptr(d.ReadSectors * sectorBytes),
			WrittenBytesTotal:  sysinfo.Ptr(d.WriteSectors * sectorBytes),
			IOTimeSecondsTotal: sysinfo.Ptr(float64(d.IOsTotalTicks) / 1000),
		})
	}
	return err
}
