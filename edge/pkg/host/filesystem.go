package host

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// usage is a file system's answer, in units of its own blocks where it says so.
type usage struct {
	blockBytes, blocks, blocksAvail uint64
	files, filesFree                uint64
}

// filesystems asks every mounted file system that is not excluded.
func (p *reading) filesystems() (fill, error) {
	mounts, err := p.mounts()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(mounts))
	for i, m := range mounts {
		names[i] = "filesystem " + m.mountpoint
	}
	var list []sysinfo.Filesystem
	for i, answer := range ask.Each(p.ctx, &p.asker, names, func(i int) (usage, error) {
		return p.statfs(p.root(mounts[i].mountpoint))
	}) {
		m, u := mounts[i], answer.Value
		f := sysinfo.Filesystem{
			Device: m.device, Mountpoint: m.mountpoint, FSType: m.fstype,
			ReadOnly: &mounts[i].readOnly, DeviceError: sysinfo.Ptr(false),
		}
		switch err := answer.Err; {
		case errors.Is(err, ask.ErrNoAnswer), errors.Is(err, fs.ErrPermission):
			// Nobody can tell, at least not this user from here.
			p.failf("%s: %w", m.mountpoint, err)
			continue
		case err != nil:
			p.failf("%s: %w", m.mountpoint, err)
			f.DeviceError = sysinfo.Ptr(true)
		case u.blocks == 0 && m.mountpoint != "/":
			continue // a view of the kernel, not a store
		default:
			f.SizeBytes = sysinfo.Ptr(u.blocks * u.blockBytes)
			f.AvailBytes = sysinfo.Ptr(u.available() * u.blockBytes)
			if u.files > 0 { // btrfs and vfat have no inode table to run out of
				f.Files, f.FilesFree = &u.files, sysinfo.Ptr(u.filesFree)
			}
		}
		list = append(list, f)
	}
	return func(doc *sysinfo.Document) { doc.Filesystems = list }, nil
}

// available returns the blocks for unprivileged users. The kernel lets them
// fall below zero when root uses what is reserved for it.
func (u usage) available() uint64 {
	if int64(u.blocksAvail) < 0 {
		return 0
	}
	return u.blocksAvail
}

// mounts returns the file systems to ask: those mounted and not hidden by a
// later mount, not excluded, and each at the shortest of its mount points.
func (p *reading) mounts() ([]mount, error) {
	all, err := p.mountinfo(p.proc("1/mountinfo"), false)
	switch {
	case err == nil && p.ownRoot && !p.sameRoot(all):
		// Paths of the host's lead into a container's files.
		err = errors.New("this process's / is not that of process 1")
	case err != nil && p.ownRoot:
		// A host that hides its processes. The mounts of this process are
		// those of the host, but for what its service manager put over them.
		own, ownErr := p.mountinfo(p.proc("self/mountinfo"), true)
		if ownErr != nil {
			break
		}
		if container := p.containerMounts(own); container != "" {
			err = fmt.Errorf("%w; this process's own are a container's, for %s", err, container)
			break
		}
		p.failf("%w; took this process's own mounts", err)
		all, err = own, nil
	}
	if err != nil && p.ownRoot {
		err = fmt.Errorf("%w; a container needs the host's / mounted, and --host-root", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the host's mounts: %w", err)
	}
	return p.choose(all), nil
}

// sameRoot tells whether this process's / is the / among the mounts of process 1.
func (p *reading) sameRoot(mounts []mount) bool {
	host := lastRoot(mounts)
	if host == nil || deviceOf(p.options.RootPath) == host.number {
		return true
	}
	// Of some file systems stat(2) has another number.
	own, err := p.mountinfo(p.proc("self/mountinfo"), true)
	if err != nil {
		return true
	}
	root := lastRoot(own)
	return root == nil || root.number == host.number
}

// lastRoot returns the mount at / that covers the others there.
func lastRoot(mounts []mount) (root *mount) {
	for i := range mounts {
		if mounts[i].mountpoint == "/" {
			root = &mounts[i]
		}
	}
	return root
}

// mountinfo reads proc(5)'s mountinfo. A line it does not understand is left
// out and named. With own, whether a file system is read-only is taken from
// the file system alone, for the mount may be a sandbox's.
func (p *reading) mountinfo(path string, own bool) (all []mount, err error) {
	types := map[string]bool{} // which are left out, for there are few
	leftOut := func(fstype, mountpoint []byte) bool {
		out, known := types[string(fstype)]
		if !known {
			out = p.options.FSTypesExclude.Match(fstype)
			types[string(fstype)] = out
		}
		return out && !(string(mountpoint) == "/" && defaultTypes.Match(fstype))
	}
	err = p.lines(path, func(line []byte) (string, error) {
		if len(line) == 0 {
			return "", nil
		}
		m, ok := parseMount(line, own, leftOut)
		if !ok {
			return string(line[:min(len(line), 60)]), errors.New("has too few fields")
		}
		if !strings.HasPrefix(m.mountpoint, "/") {
			return string(line[:min(len(line), 60)]), errors.New("has no path")
		}
		all = append(all, m)
		return "", nil
	})
	return all, err
}

// choose returns those of all mounts that are asked.
func (p *reading) choose(all []mount) []mount {
	var (
		tree  = newMountTree(all)
		names = map[string]string{} // of block devices, by number
		kept  []mount
		index = map[string]int{} // by device and type
	)
	for _, m := range all {
		if !alias.MatchString(m.device) && strings.HasPrefix(m.device, "/dev/") {
			names[m.number] = m.device
		}
	}
	for i, m := range all {
		if m.leftOut || p.options.MountpointsExclude.MatchString(m.mountpoint) || tree.hidden(i) {
			continue
		}
		if alias.MatchString(m.device) && names[m.number] != "" {
			m.device = names[m.number]
		}
		key := m.device + "\x00" + m.fstype
		if !strings.HasPrefix(m.device, "/dev/") {
			key += "\x00" + m.number // tmpfs and their like all have one name
		}
		j, twice := index[key]
		if !twice {
			index[key] = len(kept)
			kept = append(kept, m)
			continue
		}
		// What can be written at one point is no read-only file system, however
		// it is mounted at another.
		readOnly := m.readOnly && kept[j].readOnly
		if shorter(m.mountpoint, kept[j].mountpoint) {
			kept[j] = m
		}
		kept[j].readOnly = readOnly
	}
	return kept
}

// alias matches a device's other names: what a kernel that mounted the root
// itself calls it, a volume's number, a link.
var alias = regexp.MustCompile(`^/dev/(?:root$|dm-\d+$|disk/)`)

// shorter orders mount points by length, and those of one length by name.
func shorter(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
