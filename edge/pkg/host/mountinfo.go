package host

import (
	"bytes"
	"path"
	"strconv"
)

// mount is one line of mountinfo.
type mount struct {
	device, mountpoint, fstype string
	number                     string // major:minor of the file system
	id, parent                 string // of the mount
	readOnly                   bool
	leftOut                    bool // by its type

	root, layers string // of this process's own: the folder that is mounted, and what an overlay is made of
}

// parseMount reads a line such as
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//
// Of a file system that is left out by its type it reads what may hide others.
func parseMount(line []byte, own bool, leftOut func(fstype, mountpoint []byte) bool) (m mount, ok bool) {
	before, after, ok := bytes.Cut(line, []byte(" - "))
	if !ok {
		return mount{}, false
	}
	var left [6][]byte
	for i := range left {
		left[i], before, ok = bytes.Cut(before, []byte(" "))
		if !ok && i < len(left)-1 {
			return mount{}, false
		}
	}
	fstype, rest, ok := bytes.Cut(after, []byte(" "))
	if !ok {
		return mount{}, false
	}
	m = mount{mountpoint: unescape(left[4]), id: string(left[0]), parent: string(left[1]), leftOut: leftOut(fstype, left[4])}
	if own {
		m.root = unescape(left[3])
	}
	if m.leftOut {
		return m, true
	}
	device, options, _ := bytes.Cut(rest, []byte(" "))
	m.device, m.fstype, m.number = unescape(device), unescape(fstype), string(left[2])
	m.readOnly = hasOption(options, "ro") || hasOption(options, "emergency_ro") || !own && hasOption(left[5], "ro")
	if own && m.mountpoint == "/" {
		m.layers = unescape(options)
	}
	return m, true
}

// mountTree tells which mounts nobody can reach, for a later mount on the same
// point or above covers them.
type mountTree struct {
	mounts []mount
	last   map[string]int    // the last mount on each point
	parent map[string]string // by id
}

func newMountTree(mounts []mount) mountTree {
	t := mountTree{mounts, make(map[string]int, len(mounts)), make(map[string]string, len(mounts))}
	for i, m := range mounts {
		t.last[m.mountpoint] = i
		t.parent[m.id] = m.parent
	}
	return t
}

// hidden tells whether mount i is covered.
func (t mountTree) hidden(i int) bool {
	m := t.mounts[i]
	if t.last[m.mountpoint] != i {
		return true
	}
	for point := m.mountpoint; len(point) > 1; {
		point = path.Dir(point)
		if j, ok := t.last[point]; ok && j > i && !t.isBelow(m, t.mounts[j].id) {
			return true
		}
	}
	return false
}

// isBelow tells whether the mount hangs, by whatever way, from the one of that
// id.
func (t mountTree) isBelow(m mount, id string) bool {
	at := m.parent
	for range t.mounts { // as deep as it can be
		if at == id {
			return true
		}
		next, ok := t.parent[at]
		if !ok || next == at {
			return false
		}
		at = next
	}
	return false
}

// hasOption tells whether the list, which commas divide, has the option.
func hasOption(list []byte, option string) bool {
	for len(list) > 0 {
		var first []byte
		first, list, _ = bytes.Cut(list, []byte(","))
		if string(first) == option {
			return true
		}
	}
	return false
}

// unescape undoes mountinfo's octal escapes of space, tab, newline and
// backslash.
func unescape(s []byte) string {
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(string(s[i+1:i+4]), 8, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
