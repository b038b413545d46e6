package host

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// containerGroup matches the control group of one container, as containerd,
// Docker, CRI-O and Podman name it under both cgroup drivers, and what
// containerd makes of systemd's form of a name without systemd. The groups of
// their monitors (crio-conmon-…) have another word and do not match.
var containerGroup = regexp.MustCompile(`^(?:(?:docker|cri-containerd|nerdctl|crio|libpod|libpod-payload|isulad)-|[^:]+:(?:docker|cri-containerd|nerdctl|crio|libpod):)?([0-9a-f]{64})(?:\.scope)?$`)

// hierarchies are where a tree of control groups with containers in it may
// hang: the unified hierarchy, then controllers of version 1.
var hierarchies = []string{"fs/cgroup", "fs/cgroup/unified", "fs/cgroup/systemd", "fs/cgroup/pids", "fs/cgroup/memory"}

// Bounds of the walk. Kubernetes' containers are five deep.
const (
	maxGroupDepth  = 8
	maxGroups      = 100_000
	maxProcsBytes  = 1 << 20
	eventsPopulate = "populated 1"
)

// containers counts the containers that have a process. There is no asking a
// runtime: its socket is root's, and to hold it is to be root.
func (p *reading) containers() (fill, error) {
	w := groupWalk{reading: p, running: map[string]bool{}}
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
	unsure  bool            // there is a process whose name nobody tells
	groups  int
}

func (w *groupWalk) walk(dir string, depth int) error {
	if depth > maxGroupDepth || w.groups > maxGroups || w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	return folders(dir, func(name string) error {
		w.groups++
		path := dir + "/" + name
		m := containerGroup.FindStringSubmatch(name)
		switch {
		case m == nil:
			return w.walk(path, depth+1)
		case !w.running[m[1]] && w.runs(path):
			w.running[m[1]] = true // and whatever it contains is its own affair
		}
		return nil
	})
}

// folders calls each with the names of the folders in a folder. One that is
// gone meanwhile has none.
func folders(dir string, each func(name string) error) error {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(256)
		for _, e := range entries {
			if e.IsDir() {
				if err := each(e.Name()); err != nil {
					return err
				}
			}
		}
		if err == io.EOF || err != nil {
			return nil
		}
	}
}

// runs tells whether the container in this control group has a process, and
// is not the sandbox that merely holds a pod's network.
func (w *groupWalk) runs(group string) bool {
	b, err := plainfile.Read(group+"/cgroup.procs", maxProcsBytes)
	if err != nil {
		b = nil // a group of threads cannot say
	}
	pid, more, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	switch {
	case len(pid) == 0:
		return w.populated(group, 0)
	case len(bytes.TrimSpace(more)) > 0:
		return true
	}
	comm, err := readText(w.proc(string(pid), "comm"))
	if err != nil {
		w.unsure = true
	}
	return !sandboxes[comm]
}

// sandboxes are the only process of a pod's sandbox.
var sandboxes = map[string]bool{"pause": true, "catatonit": true}

// populated tells whether a group without processes of its own has some below.
// Version 2 says so; in version 1 it takes a look.
func (w *groupWalk) populated(group string, depth int) bool {
	events, err := plainfile.Read(group+"/cgroup.events", maxAttributeBytes)
	if err == nil {
		return bytes.Contains(events, []byte(eventsPopulate))
	}
	found := false
	_ = folders(group, func(name string) error {
		below := group + "/" + name
		if b, err := plainfile.Read(below+"/cgroup.procs", maxProcsBytes); err == nil && len(bytes.TrimSpace(b)) > 0 ||
			depth < maxGroupDepth && w.populated(below, depth+1) {
			found = true
			return io.EOF
		}
		return nil
	})
	return found
}
