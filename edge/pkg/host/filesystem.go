package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// usage is a file system's answer, in units of its own blocks where it says so.
type usage struct {
	blockBytes, blocks, blocksAvail uint64
	files, filesFree                uint64
}

// stat is a question put to one file system.
type stat struct {
	mount
	done  chan struct{} // closed when usage and err are there
	usage usage
	err   error

	overdue bool // it had its time in an earlier read; do not wait for it again
}

// mount is one line of mountinfo.
type mount struct{ device, mountpoint, fstype string }

// readFilesystems asks every mounted file system that is not excluded.
func (r *Reader) readFilesystems(doc *sysinfo.Document) error {
	// The mounts of process 1 are the host's; one's own are a container's.
	b, err := os.ReadFile(r.proc("1/mountinfo"))
	if err != nil {
		if b, err = os.ReadFile(r.proc("self/mountinfo")); err != nil {
			return err
		}
	}
	mounts, err := parseMountinfo(b)

	// The last mount on a point hides the ones before it.
	visible := make(map[string]int, len(mounts))
	for i, m := range mounts {
		visible[m.mountpoint] = i
	}
	asked := make(map[string]*stat)
	for i, m := range mounts {
		if visible[m.mountpoint] == i &&
			!r.options.MountpointsExclude.MatchString(m.mountpoint) && !r.options.FSTypesExclude.MatchString(m.fstype) {
			asked[m.mountpoint] = r.ask(m)
		}
	}
	deadline := time.NewTimer(r.options.FilesystemTimeout)
	defer deadline.Stop()
	late := false
	for mountpoint, s := range asked {
		if !late && !s.overdue {
			select {
			case <-s.done:
			case <-deadline.C:
				late = true
			}
		}
		u, err := s.answer()
		s.overdue = err == errNoAnswer
		if err != nil {
			r.fail(fmt.Errorf("reading filesystem %s: %w", mountpoint, err))
			continue
		}
		if u.blocks == 0 {
			continue // a view of the kernel, not a store
		}
		f := sysinfo.Filesystem{
			Device: s.device, Mountpoint: s.mountpoint, FSType: s.fstype,
			SizeBytes:  sysinfo.Ptr(u.blocks * u.blockBytes),
			AvailBytes: sysinfo.Ptr(u.blocksAvail * u.blockBytes),
		}
		if u.files > 0 { // btrfs and vfat have no inode table to run out of
			f.Files, f.FilesFree = &u.files, &u.filesFree
		}
		doc.Filesystems = append(doc.Filesystems, f)
	}
	r.asked = asked
	return err
}

// ask puts the question in a goroutine of its own, for the kernel may keep it
// waiting as long as a network file system's server is away. A question that
// still waits is not put again: at most one goroutine waits per file system.
func (r *Reader) ask(m mount) *stat {
	if s := r.asked[m.mountpoint]; s != nil && s.mount == m {
		if _, err := s.answer(); err == errNoAnswer {
			return s
		}
	}
	s := &stat{mount: m, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.usage, s.err = r.statfs(r.root(m.mountpoint))
	}()
	return s
}

// answer returns the answer as far as it is there.
func (s *stat) answer() (usage, error) {
	select {
	case <-s.done:
		return s.usage, s.err
	default:
		return usage{}, errNoAnswer
	}
}

var errNoAnswer = fmt.Errorf("no answer: %w", os.ErrDeadlineExceeded)

// parseMountinfo reads proc(5)'s mountinfo. A line it does not understand is
// left out and reported with the others' success.
func parseMountinfo(b []byte) (mounts []mount, err error) {
	for _, line := range strings.Split(string(b), "\n") {
		if line == "" {
			continue
		}
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Split(before, " "), strings.Split(after, " ")
		if !ok || len(left) < 6 || len(right) < 2 {
			err = fmt.Errorf("mountinfo line %.100q has too few fields", line)
			continue
		}
		mounts = append(mounts, mount{
			device: unescape(right[1]), mountpoint: unescape(left[4]), fstype: unescape(right[0]),
		})
	}
	return mounts, err
}

// unescape undoes mountinfo's octal escapes of space, tab, newline and
// backslash.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
