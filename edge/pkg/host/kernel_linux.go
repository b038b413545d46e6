package host

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// statfs asks the file system at path how full it is.
func statfs(path string) (usage, error) {
	const maxInterrupted = 100
	var buf syscall.Statfs_t
	for i := 0; ; i++ {
		err := syscall.Statfs(path, &buf)
		if err == syscall.EINTR && i < maxInterrupted {
			continue
		}
		if err != nil {
			return usage{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
		}
		break
	}
	size := uint64(buf.Frsize)
	if size == 0 { // kernels before 2.6
		size = uint64(buf.Bsize)
	}
	return usage{
		blockBytes: size, blocks: buf.Blocks, blocksAvail: buf.Bavail,
		files: buf.Files, filesFree: buf.Ffree,
	}, nil
}

// adjtimex asks the kernel how its clock is kept, and changes nothing.
func adjtimex() (*sysinfo.Clock, error) {
	var buf syscall.Timex
	state, err := syscall.Adjtimex(&buf)
	if err != nil {
		return nil, err
	}
	return clockOf(state, buf.Status, int64(buf.Offset))
}

// deviceOf returns the number of the device that the path is on, as mountinfo has
// it.
func deviceOf(path string) string {
	var buf syscall.Stat_t
	if err := syscall.Stat(path, &buf); err != nil {
		return ""
	}
	dev := uint64(buf.Dev)
	return fmt.Sprintf("%d:%d", dev>>8&0xfff|dev>>32&^0xfff, dev&0xff|dev>>12&^0xff)
}
