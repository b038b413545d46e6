package host

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// containerID returns the id in the name of a container's control group, as
// containerd, Docker, CRI-O and Podman name it under both cgroup drivers, and
// as containerd makes it of systemd's form of a name without systemd. The
// groups of their monitors (crio-conmon-…) have another word and no id.
func containerID(name string) (id string, ok bool) {
	name = strings.TrimSuffix(name, ".scope")
	const length = 64
	if len(name) < length {
		return "", false
	}
	prefix, id := name[:len(name)-length], name[len(name)-length:]
	for i := 0; i < len(id); i++ {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	if prefix == "" {
		return id, true
	}
	runtime, dash := strings.CutSuffix(prefix, "-")
	if !dash {
		// slice:runtime:id
		rest, colon := strings.CutSuffix(prefix, ":")
		at := strings.LastIndexByte(rest, ':')
		if !colon || at <= 0 {
			return "", false
		}
		runtime = rest[at+1:]
	}
	return id, runtimes[runtime]
}

// runtimes are the words before a container's id.
var runtimes = map[string]bool{
	"docker": true, "cri-containerd": true, "nerdctl": true, "crio": true, "libpod": true, "libpod-payload": true, "isulad": true,
}

// hierarchies are where a tree of control groups with containers in it may
// hang: the unified hierarchy, then controllers of version 1.
var hierarchies = []string{"fs/cgroup", "fs/cgroup/unified", "fs/cgroup/systemd", "fs/cgroup/pids", "fs/cgroup/memory"}

// Bounds of the walk. Kubernetes' containers are five deep.
const (
	maxGroupDepth  = 8
	maxGroups      = 100_000
	eventsPopulate = "populated 1"
)

// containers counts the containers that have a process. There is no asking a
// runtime: its socket is root's, and to hold it is to be root.
func (p *reading) containers() (fill, error) {
	w := groupWalk{reading: p, running: map[string]bool{}, before: p.Reader.sandboxes, sandboxes: map[string]string{}}
	found := false
	for _, h := range hierarchies {
		root := p.sys(h)
		// The unified hierarchy's root has this file, version 1's has that one.
		if plainfile.Exists(filepath.Join(root, "cgroup.controllers")) || plainfile.Exists(filepath.Join(root, "cgroup.procs")) {
			found = true
			if err := w.walk(root, 0); err != nil {
				return nil, err
			}
		}
	}
	if all := p.sys(hierarchies[0]); !found && plainfile.Exists(all) {
		// A kernel with none of these controllers may have others.
		if err := w.walk(all, 0); err != nil {
			return nil, err
		}
		found = w.groups > 0
	}
	p.Reader.sandboxes = w.sandboxes
	if !found {
		return nil, nil
	}
	if w.unsure && p.hidden() {
		return nil, errHidden // and so which of them are the sandboxes of pods
	}
	n := uint64(len(w.running))
	return func(doc *sysinfo.Document) { doc.Containers = &sysinfo.Containers{Running: &n} }, nil
}

// groupWalk looks for containers in a tree of control groups.
type groupWalk struct {
	*reading
	running map[string]bool // by id: several hierarchies show one container

	before, sandboxes map[string]string // processes of pods' sandboxes, by id: of the report before, of this one
	unsure            bool              // there is a process whose name nobody tells
	groups            int
	buffer            [64]byte // for a process or two, or a name
}

func (w *groupWalk) walk(dir string, depth int) error {
	if w.ctx.Err() != nil {
		return ask.ErrNoAnswer
	}
	if depth > maxGroupDepth || w.groups > maxGroups {
		return nil
	}
	err := plainfile.Folders(dir, func(name string) error {
		w.groups++
		path := dir + "/" + name
		id, ok := containerID(name)
		switch {
		case !ok:
			return w.walk(path, depth+1)
		case !w.running[id] && w.runs(id, path, depth):
			w.running[id] = true // and whatever it contains is its own affair
		}
		return nil
	})
	if w.ctx.Err() != nil {
		return ask.ErrNoAnswer
	}
	if err != nil && depth == 0 {
		return err
	}
	return nil // a group that is gone meanwhile has no containers
}

// runs tells whether the container in this control group has a process, and
// is not the sandbox that merely holds a pod's network.
func (w *groupWalk) runs(id, group string, depth int) bool {
	b, err := plainfile.Head(group+"/cgroup.procs", w.buffer[:])
	if err != nil {
		b = nil // a group of threads cannot say
	}
	processes := bytes.TrimSpace(b)
	if len(processes) == 0 {
		if isPod(group) {
			_ = w.walk(group, depth+1) // ends when the time does, as the walk above it
			return false
		}
		var below [64]byte
		if processes = w.below(group, below[:0], 0); len(processes) == 0 {
			return populated(group)
		}
	}
	pid, more, _ := bytes.Cut(processes, []byte("\n"))
	if len(more) > 0 {
		return true
	}
	// What holds a pod's network does nothing else until its end.
	if before, ok := w.before[id]; ok && before == string(pid) {
		w.sandboxes[id] = before
		return false
	}
	process := string(pid)
	comm, err := plainfile.Head(w.options.ProcPath+"/"+process+"/comm", w.buffer[:])
	if err != nil {
		w.unsure = true
	}
	if !sandboxes[string(bytes.TrimSpace(comm))] {
		return true
	}
	w.sandboxes[id] = process
	return false
}

// isPod tells whether the group is that of a pod of Podman's under the cgroupfs
// driver: its name is an id as well, and the containers are in it.
func isPod(group string) bool {
	found := false
	_ = plainfile.Folders(group, func(name string) error {
		if _, ok := containerID(name); ok && strings.HasPrefix(name, "libpod-") {
			found = true
			return io.EOF
		}
		return nil
	})
	return found
}

// sandboxes are the only process of a pod's sandbox.
var sandboxes = map[string]bool{"pause": true, "catatonit": true}

// below adds to found the processes in the groups below one that has none of its
// own, one a line, until there are two. crun makes such groups.
func (w *groupWalk) below(group string, found []byte, depth int) []byte {
	_ = plainfile.Folders(group, func(name string) error {
		path := group + "/" + name
		if b, err := plainfile.Head(path+"/cgroup.procs", w.buffer[:]); err == nil {
			if b = bytes.TrimSpace(b); len(b) > 0 && len(found) > 0 {
				found = append(found, '\n')
			}
			found = append(found, b...)
		}
		if bytes.IndexByte(found, '\n') < 0 && depth < maxGroupDepth {
			found = w.below(path, found, depth+1)
		}
		if bytes.IndexByte(found, '\n') >= 0 || w.ctx.Err() != nil {
			return io.EOF
		}
		return nil
	})
	return found
}

// populated tells whether a group has processes that nobody may list, as one of
// threads does. Version 1 has no such groups.
func populated(group string) bool {
	events, err := plainfile.Read(group+"/cgroup.events", maxAttributeBytes)
	return err == nil && bytes.Contains(events, []byte(eventsPopulate))
}
