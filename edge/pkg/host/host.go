// Package host reads the machine it runs on into a sysinfo.Document, the
// report of sysInfo version 1.
//
// Its contract: what cannot be read is left out of the report and named in an
// error, and never stops the rest. No file, sensor or file system holds up a report
// for longer than Options.Timeout, whatever the kernel does. A Reader needs no
// privileges; what it may not see it does not report. It writes nothing, starts
// no process and opens no connection.
package host

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
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

	// Timeout bounds the wait for one sensor, device or file system, for a
	// driver that hangs or a server that is gone never answers. Zero means
	// two seconds.
	Timeout time.Duration
}

// Reader reads one host again and again. It is not safe for concurrent use.
type Reader struct {
	options Options
	ownRoot bool // the host's / is this process's

	asker     ask.Asker
	cpu       cpuTimes          // the most of each mode
	cpuBefore cpuTimes          // what the kernel said last
	version   versionCache      // of edgecore
	sandboxes map[string]string // processes of pods' sandboxes, by container
	devices   map[string]bool   // networks with a device behind them

	thousandths map[string]bool // files of sensors that count in them

	statfs func(path string) (usage, error)
	timex  func() (*sysinfo.Clock, error)
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
	if options.Timeout <= 0 {
		options.Timeout = 2 * time.Second
	}
	return &Reader{options: options, ownRoot: filepath.Clean(options.RootPath) == "/", statfs: statfs, timex: adjtimex}
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

// parts are read side by side and filled in in this order.
var parts = []struct {
	name string
	read func(*reading) (fill, error)
}{
	{"host", (*reading).host},
	{"cpu", (*reading).stat},
	{"load", (*reading).load},
	{"memory", (*reading).memory},
	{"filesystems", (*reading).filesystems},
	{"disks", (*reading).disks},
	{"networks", (*reading).networks},
	{"temperatures", (*reading).temperatures},
	{"gpus", (*reading).gpus}, // after temperatures, some of which are theirs
	{"processes", (*reading).processes},
	{"containers", (*reading).containers},
	{"power supplies", (*reading).powerSupplies},
	{"throttling", (*reading).throttling},
	{"watchdogs", (*reading).watchdogs},
	{"clock", (*reading).clock},
}

var partNames = func() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}()

// fill puts what a part has read into the document. It is called when the part
// is done: one that hangs must not write into a report that has gone out.
type fill func(*sysinfo.Document)

// reading is one part of one report.
type reading struct {
	*Reader
	ctx    context.Context // ends with the time of one sensor, device or file system
	errors []error
}

// half returns a context for what has to be known before the rest can be asked.
func (p *reading) half() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, p.options.Timeout/2)
}

// fail notes something that the report goes out without.
func (p *reading) fail(err error) { p.errors = append(p.errors, err) }

// failf is fail of a text.
func (p *reading) failf(format string, args ...any) { p.fail(fmt.Errorf(format, args...)) }

// slack is what a part has beyond the time of the things in it.
const slack = 500 * time.Millisecond

// Read returns what the host says now, and an error for everything that it had
// to leave out. The errors of two Reads have one text as long as they have one
// cause, or one key by package once.
//
// It takes a little more than Options.Timeout at most, and returns at once when
// ctx ends. The document is never nil and is the caller's. Its IntervalSeconds
// is left to the caller, who knows it. The CPU's UsageRatio covers the time
// since the Read before; the first has none.
func (r *Reader) Read(ctx context.Context) (*sysinfo.Document, []error) {
	doc := &sysinfo.Document{
		Timestamp: float64(time.Now().UnixMilli()) / 1000,
		Host:      &sysinfo.Host{OS: runtime.GOOS, Arch: runtime.GOARCH},
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout+slack)
	defer cancel()
	each, cancelEach := context.WithTimeout(ctx, r.options.Timeout)
	defer cancelEach()
	type result struct {
		fill   fill
		errors []error
	}
	var failing []error
	for i, answer := range ask.Each(ctx, &r.asker, partNames, func(i int) (result, error) {
		p := &reading{Reader: r, ctx: each}
		fill, err := parts[i].read(p)
		return result{fill, p.errors}, err
	}) {
		if answer.Value.fill != nil {
			answer.Value.fill(doc)
		}
		for _, err := range append(answer.Value.errors, answer.Err) {
			if err != nil {
				failing = append(failing, fmt.Errorf("reading %s: %w", parts[i].name, err))
			}
		}
	}
	for _, err := range bound(doc, r.devices) {
		failing = append(failing, fmt.Errorf("reading %w", err))
	}
	return doc, failing
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
