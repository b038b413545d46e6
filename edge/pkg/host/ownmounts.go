package host

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
)

// A host that hides its processes hides its list of mounts, too. Then this
// process's own list is as good, unless the process is in a container: that has a
// / of its own and the host's disks at /etc/hosts. What follows tells the two
// apart by what a container's runtime leaves behind. Where there is doubt, the own
// mounts count as a container's: a value that is missing is better than a wrong
// one.

// containerMounts returns by what one sees that this process's mounts, as its
// mountinfo lists them, are a container's, and nothing where they are the host's.
func (p *reading) containerMounts(own []mount) string {
	if group := p.containerGroup(); group != "" {
		return "its control group is " + group
	}
	if name := p.containerVariable(); name != "" {
		return "its environment has " + name
	}
	for _, m := range own {
		if m.ofContainer() {
			return fmt.Sprintf("%s is mounted at %s", m.root, m.mountpoint)
		}
	}
	m := lastRoot(own)
	if m == nil {
		return "they have no /"
	}
	for _, from := range []string{m.root, m.device, m.layers} {
		if runtimeStore.MatchString(from) {
			return fmt.Sprintf("its / comes from %.100s", from)
		}
	}
	if !defaultTypes.MatchString(m.fstype) {
		return "" // a disk, as no container has
	}
	for _, marker := range []string{".dockerenv", "run/.containerenv"} {
		if path := p.root(marker); plainfile.Exists(path) {
			return "there is " + path
		}
	}
	if strings.HasPrefix(m.fstype, "overlay") && !p.serviceGroup() {
		return "its / is an overlay of nobody knows what"
	}
	return ""
}

var (
	// runtimeStore is in the path of what a container's / is made of, or in the
	// name of a volume that was made for it. An id with a dot after it is a
	// deployment of OSTree's.
	runtimeStore = regexp.MustCompile(`/(?:docker|containerd|containers/storage|io\.containerd\.[^/]+|nerdctl|isulad)/|/snapshots/\d+/|[/-][0-9a-f]{64}(?:[/:,]|-init|$)|^/dev/mapper/.*-snap-\d+$`)
	// runtimeFile is where runtimes mount files of their own into every
	// container, and the kubelet into every pod's.
	runtimeFile = regexp.MustCompile(`^(?:/etc/(?:hosts|hostname|resolv\.conf)|/run/\.containerenv|/dev/termination-log)$|/secrets/kubernetes\.io/`)
	// ownedFile is where those files come from. Hosts whose / is read-only mount
	// some of them, too, from other places.
	ownedFile = regexp.MustCompile(`[/-][0-9a-f]{64}(?:/|$)|/pods/[0-9a-f-]{32,36}/|/(?:sandboxes|overlay-containers|etchosts)/`)
)

// ofContainer tells whether only containers have this mount.
func (m mount) ofContainer() bool {
	return runtimeFile.MatchString(m.mountpoint) &&
		(strings.HasPrefix(m.mountpoint, "/dev/") || strings.Contains(m.mountpoint, "/secrets/") || ownedFile.MatchString(m.root))
}

// ownGroups calls each with every control group that this process is in.
func (p *reading) ownGroups(each func(path string)) {
	_ = plainfile.Lines(p.proc("self/cgroup"), maxAttributeBytes, func(line []byte) {
		if fields := bytes.SplitN(line, []byte(":"), 3); len(fields) == 3 {
			each(string(fields[2]))
		}
	})
}

// containerGroup returns the control group of this process that is a
// container's or a pod's, where there is one.
func (p *reading) containerGroup() (found string) {
	p.ownGroups(func(path string) {
		for _, name := range strings.Split(path, "/") {
			if _, ok := containerID(name); ok || strings.HasPrefix(name, "kubepods") {
				found = path
			}
		}
	})
	return found
}

// serviceGroup tells whether this process is in a control group of the host's
// systemd's: a container that is in one has a group of its own in it.
func (p *reading) serviceGroup() (found bool) {
	p.ownGroups(func(path string) {
		if strings.HasPrefix(path, "/system.slice/") || strings.HasPrefix(path, "/user.slice/") {
			found = true
		}
	})
	return found
}

// containerVariable returns the name of a variable that runtimes set in
// containers, and the kubelet in pods, where this process has one.
func (p *reading) containerVariable() string {
	b, err := plainfile.Read(p.proc("self/environ"), maxListBytes)
	if err != nil {
		return ""
	}
	for _, entry := range bytes.Split(b, []byte{0}) {
		switch name, value, _ := bytes.Cut(entry, []byte("=")); {
		case len(value) == 0:
		case string(name) == "container", string(name) == "KUBERNETES_SERVICE_HOST":
			return string(name)
		}
	}
	return ""
}
