package host

import (
	"bufio"
	"debug/buildinfo"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// readHost reads what the node runs: operating system, kernel, edgecore.
func (r *Reader) readHost(doc *sysinfo.Document) error {
	var errs []error
	host := doc.Host
	if kernel, ok := readText(r.proc("sys/kernel/osrelease")); ok {
		host.Kernel = kernel
	} else {
		errs = append(errs, errors.New("no kernel release in "+r.proc("sys/kernel/osrelease")))
	}
	image, err := r.osImage()
	if err != nil {
		errs = append(errs, err)
	}
	host.OSImage = image
	host.EdgecoreVersion = r.options.EdgecoreVersion
	if host.EdgecoreVersion == "" {
		host.EdgecoreVersion = r.version.of(r.root(r.options.EdgecorePath))
	}
	return errors.Join(errs...)
}

// osImage returns PRETTY_NAME of os-release(5).
func (r *Reader) osImage() (string, error) {
	f, err := os.Open(r.root("etc/os-release"))
	if err != nil {
		if f, err = os.Open(r.root("usr/lib/os-release")); err != nil {
			return "", err
		}
	}
	defer f.Close()
	name := ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), "=")
		switch {
		case !ok:
		case key == "PRETTY_NAME":
			return unquote(value), nil
		case key == "NAME":
			name = unquote(value)
		}
	}
	return name, lines.Err()
}

// unquote undoes the shell quoting of os-release(5).
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || (s[0] != '"' && s[0] != '\'') {
		return s
	}
	if s[0] == '\'' {
		return s[1 : len(s)-1]
	}
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return s[1 : len(s)-1]
}

// versionCache remembers the version of a binary until the file changes, for
// finding it means to search the file.
type versionCache struct {
	modified time.Time
	size     int64
	version  string
}

// of returns the version of the edgecore binary at path, or nothing: a binary
// that is not there is no error, for edgecore may live anywhere.
func (c *versionCache) of(path string) string {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		*c = versionCache{}
	}
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	if c.size == info.Size() && c.modified.Equal(info.ModTime()) {
		return c.version
	}
	*c = versionCache{info.ModTime(), info.Size(), buildVersion(path)}
	return c.version
}

var gitVersion = regexp.MustCompile(`-X[ =]'?github\.com/kubeedge/kubeedge/pkg/version\.gitVersion=([^\s'"]+)`)

// buildVersion returns the KubeEdge version in a Go binary's build
// information: what its linker was told, else the module it was made from.
func buildVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	return versionIn(info)
}

func versionIn(info *buildinfo.BuildInfo) string {
	for _, s := range info.Settings {
		if s.Key == "-ldflags" {
			if m := gitVersion.FindStringSubmatch(s.Value); m != nil {
				return m[1]
			}
		}
	}
	const kubeedge = "github.com/kubeedge/kubeedge"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == kubeedge && m.Version != "(devel)" {
			return m.Version
		}
	}
	return ""
}
