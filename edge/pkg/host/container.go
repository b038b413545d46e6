package host

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// containerGroup matches the control group of one container, as containerd,
// Docker, CRI-O and Podman name it under both cgroup drivers. The groups of
// their monitors (crio-conmon-…) have a word more and do not match.
var containerGroup = regexp.MustCompile(`^(?:(?:docker|cri-containerd|crio|libpod)-)?[0-9a-f]{64}(?:\.scope)?$`)

// hierarchies are where a tree of control groups with every container in it
// may hang: the unified hierarchy, then controllers of version 1.
var hierarchies = []string{"fs/cgroup", "fs/cgroup/unified", "fs/cgroup/systemd", "fs/cgroup/pids", "fs/cgroup/memory"}

// maxGroupDepth bounds the walk. Kubernetes' containers are five deep.
const maxGroupDepth = 8

// readContainers counts the containers that have a process. There is no
// asking a runtime: its socket is root's, and to hold it is to be root.
func (r *Reader) readContainers(doc *sysinfo.Document) error {
	found := false
	var running uint64
	for _, h := range hierarchies {
		root := r.sys(h)
		// The unified hierarchy's root has this file, version 1's has that one.
		if !exists(filepath.Join(root, "cgroup.controllers")) && !exists(filepath.Join(root, "cgroup.procs")) {
			continue
		}
		found = true
		if n := r.countContainers(root, 0); n > running {
			running = n // hierarchies show the same containers; one may show none
		}
	}
	if found {
		doc.Containers = &sysinfo.Containers{Running: &running}
	}
	return nil
}

func (r *Reader) countContainers(dir string, depth int) (n uint64) {
	entries, err := os.ReadDir(dir)
	if err != nil || depth > maxGroupDepth {
		return 0
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if !containerGroup.MatchString(e.Name()) {
			n += r.countContainers(path, depth+1)
		} else if r.runs(path) {
			n++ // and whatever it contains is its own affair
		}
	}
	return n
}

// runs tells whether the container in this control group has a process, and
// is not the sandbox that merely holds a pod's network.
func (r *Reader) runs(group string) bool {
	b, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if err != nil {
		return false
	}
	pids := strings.Fields(string(b))
	if len(pids) == 0 {
		// The processes may be in groups below; version 2 tells.
		events, err := os.ReadFile(filepath.Join(group, "cgroup.events"))
		return err == nil && strings.Contains(string(events), "populated 1")
	}
	if len(pids) > 1 {
		return true
	}
	comm, _ := readText(r.proc(pids[0], "comm"))
	return comm != "pause"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
