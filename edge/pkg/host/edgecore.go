package host

import (
	"debug/buildinfo"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"time"
)

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
