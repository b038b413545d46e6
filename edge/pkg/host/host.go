// Package host reads the machine it runs on into a sysinfo.Document, the
// report of sysInfo version 1.
//
// Its contract: what cannot be read is left out of the report and said once,
// and never stops the rest. A Reader needs no privileges; what it may not see
// it does not report. It writes nothing, starts no process and opens no
// connection.
package host

import (
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/procfs"

	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// The exclusions that a zero Options means. They are written in the manner of
// node_exporter's collector flags and leave out what is not a device of the
// node's own: the mounts of containers, memory pretending to be a disk,
// partitions (their whole disk is counted) and a container's end of a cable.
const (
	DefaultMountpointsExclude = `^/(?:dev|proc|sys|run/(?:containerd|credentials|docker|k3s|netns|user)|var/lib/(?:containerd|containers/storage|docker|edged|kubelet))(?:$|/)`
	DefaultFSTypesExclude     = `^(?:autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|erofs|fusectl|fuse\.(?:gvfsd-fuse|lxcfs|portal)|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|ramfs|rootfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs)$`
	DefaultDisksExclude       = `^(?:(?:z?ram|loop|fd|sr|(?:h|s|v|xv)d[a-z]+|(?:nvme\d+n|mmcblk)\d+p)\d+|mmcblk\d+(?:boot\d+|rpmb|gp\d+))$`
	DefaultNetworksExclude    = `^(?:lo|(?:veth|cali|cilium|lxc|nodelocaldns|dummy|ifb|kube-ipvs|edgemesh).*)$`
)

// Bounds of one report, so that no host, however odd, makes a report that the
// cloud has to refuse as a whole.
const (
	maxPerKind   = 32  // elements of each list of the document
	maxTextBytes = 256 // of one string
)

// Options says where and what to read. The zero value reads this host.
type Options struct {
	// RootPath is where the host's / is found: /host in a container. Empty
	// means /.
	RootPath string
	// ProcPath and SysPath are where the host's /proc and /sys are found.
	// Empty means those folders of RootPath.
	ProcPath, SysPath string

	// MountpointsExclude, FSTypesExclude, DisksExclude and NetworksExclude
	// are regular expressions of what to leave out. Nil means the Default…
	// constant of the same name; an expression that matches nothing (`^$`)
	// leaves out nothing.
	MountpointsExclude, FSTypesExclude, DisksExclude, NetworksExclude *regexp.Regexp

	// EdgecoreVersion is reported as it stands. Empty means that the version
	// is looked for in the build information of the EdgecorePath binary.
	EdgecoreVersion string
	// EdgecorePath is the edgecore binary, seen from RootPath. Empty means
	// /usr/local/bin/edgecore, where keadm puts it.
	EdgecorePath string

	// FilesystemTimeout bounds the wait for one file system's answer, for a
	// network file system whose server is gone never gives one. Zero means
	// two seconds.
	FilesystemTimeout time.Duration
}

// Reader reads one host again and again. It is not safe for concurrent use.
type Reader struct {
	options Options

	said    once.Filter
	cpu     *procfs.CPUStat  // of the read before
	asked   map[string]*stat // the file systems' answers, by mountpoint
	statfs  func(path string) (usage, error)
	version versionCache
	failing []error // errors of the read at hand
}

// New returns a Reader. It reads nothing yet: a host path that does not exist
// shows as errors of Read.
func New(options Options) *Reader {
	setDefault(&options.RootPath, "/")
	setDefault(&options.ProcPath, filepath.Join(options.RootPath, "proc"))
	setDefault(&options.SysPath, filepath.Join(options.RootPath, "sys"))
	setDefault(&options.EdgecorePath, "/usr/local/bin/edgecore")
	setPattern(&options.MountpointsExclude, DefaultMountpointsExclude)
	setPattern(&options.FSTypesExclude, DefaultFSTypesExclude)
	setPattern(&options.DisksExclude, DefaultDisksExclude)
	setPattern(&options.NetworksExclude, DefaultNetworksExclude)
	if options.FilesystemTimeout <= 0 {
		options.FilesystemTimeout = 2 * time.Second
	}
	return &Reader{options: options, statfs: statfs}
}

func setDefault(option *string, value string) {
	if *option == "" {
		*option = value
	}
}

func setPattern(option **regexp.Regexp, pattern string) {
	if *option == nil {
		*option = regexp.MustCompile(pattern)
	}
}

// Read returns what the host says now, and the errors that the Read before
// this one did not have: a sensor that is broken for good is reported once, a
// sensor that recovered and broke again is reported again.
//
// The document is never nil and is the caller's. Its IntervalSeconds is left
// to the caller, who knows it. The CPU's UsageRatio covers the time since the
// Read before; the first has none.
func (r *Reader) Read() (*sysinfo.Document, []error) {
	r.failing = r.failing[:0]
	doc := &sysinfo.Document{
		Timestamp: float64(time.Now().UnixMilli()) / 1000,
		Host:      &sysinfo.Host{OS: runtime.GOOS, Arch: runtime.GOARCH},
	}
	for _, part := range []struct {
		name string
		read func(*sysinfo.Document) error
	}{
		{"host", r.readHost},
		{"cpu", r.readCPU},
		{"load", r.readLoad},
		{"memory", r.readMemory},
		{"filesystems", r.readFilesystems},
		{"disks", r.readDisks},
		{"networks", r.readNetworks},
		{"temperatures", r.readTemperatures},
		{"gpus", r.readGPUs},
		{"processes", r.readProcesses},
		{"containers", r.readContainers},
	} {
		if err := guard(part.read, doc); err != nil {
			r.fail(fmt.Errorf("reading %s: %w", part.name, err))
		}
	}
	r.bound(doc)
	return doc, r.said.News(r.failing)
}

// guard keeps a parser that panics on a kernel's unforeseen format from
// taking the process down: inside edgecore it would take the node along.
func guard(read func(*sysinfo.Document) error, doc *sysinfo.Document) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unforeseen format: %v", p)
		}
	}()
	return read(doc)
}

// fail notes an error of the read at hand.
func (r *Reader) fail(err error) { r.failing = append(r.failing, err) }

// bound cuts the lists and strings of the document to what a report may hold.
// The cloud refuses a report with the same series twice or with text that is
// not UTF-8, so neither may leave here.
func (r *Reader) bound(doc *sysinfo.Document) {
	host := doc.Host
	for _, text := range []*string{&host.OSImage, &host.Kernel, &host.EdgecoreVersion} {
		*text = boundText(*text)
	}
	doc.Filesystems = boundList(r, "filesystems", doc.Filesystems, func(f *sysinfo.Filesystem) []*string {
		return []*string{&f.Mountpoint, &f.Device, &f.FSType}
	})
	doc.Disks = boundList(r, "disks", doc.Disks, func(d *sysinfo.Disk) []*string { return []*string{&d.Device} })
	doc.Networks = boundList(r, "networks", doc.Networks, func(n *sysinfo.Network) []*string { return []*string{&n.Device} })
	doc.Temperatures = boundList(r, "temperatures", doc.Temperatures, func(t *sysinfo.Temperature) []*string { return []*string{&t.Sensor} })
	doc.GPUs = boundList(r, "gpus", doc.GPUs, func(g *sysinfo.GPU) []*string {
		g.Model = boundText(g.Model)
		return []*string{&g.GPU}
	})
}

// boundList sorts the list by its key, so that a report's order and, where it
// is too long, its selection stay the same from report to report.
func boundList[E any](r *Reader, kind string, list []E, key func(*E) []*string) []E {
	keys := make(map[string]bool, len(list))
	order := make([]string, 0, len(list))
	kept := make(map[string]E, len(list))
	for i := range list {
		var joined strings.Builder
		for _, text := range key(&list[i]) {
			*text = boundText(*text)
			joined.WriteString(*text)
			joined.WriteByte(0)
		}
		if k := joined.String(); !keys[k] {
			keys[k] = true
			order = append(order, k)
			kept[k] = list[i]
		}
	}
	sort.Strings(order)
	if len(order) > maxPerKind {
		r.fail(fmt.Errorf("reading %s: more than %d; the rest is left out", kind, maxPerKind))
		order = order[:maxPerKind]
	}
	list = list[:0]
	for _, k := range order {
		list = append(list, kept[k])
	}
	return list
}

// boundText makes s valid UTF-8 of a label's length.
func boundText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxTextBytes {
		return s
	}
	end := maxTextBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func (r *Reader) proc(elem ...string) string {
	return filepath.Join(r.options.ProcPath, filepath.Join(elem...))
}

func (r *Reader) sys(elem ...string) string {
	return filepath.Join(r.options.SysPath, filepath.Join(elem...))
}

func (r *Reader) root(elem ...string) string {
	return filepath.Join(r.options.RootPath, filepath.Join(elem...))
}

// procfs opens the host's /proc as that library knows it.
func (r *Reader) procfs() (procfs.FS, error) { return procfs.NewFS(r.options.ProcPath) }
