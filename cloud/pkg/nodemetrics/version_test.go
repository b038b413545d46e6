package nodemetrics

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	const path = "github.com/edgegauge/edgegauge"
	other := &debug.Module{Path: "example.com/other", Version: "v9.9.9"}
	for name, x := range map[string]struct {
		stamped string
		info    *debug.BuildInfo
		want    string
	}{
		"stamped":              {"v1.2.3", &debug.BuildInfo{Main: debug.Module{Path: path, Version: "v0.0.1"}}, "v1.2.3"},
		"the main module":      {"", &debug.BuildInfo{Main: debug.Module{Path: path, Version: "v0.0.1"}}, "v0.0.1"},
		"a dependency":         {"", &debug.BuildInfo{Main: *other, Deps: []*debug.Module{other, {Path: path, Version: "v0.0.2"}}}, "v0.0.2"},
		"one that is replaced": {"", &debug.BuildInfo{Main: *other, Deps: []*debug.Module{{Path: path, Version: "v0.0.0", Replace: other}}}, "unknown"},
		"not in it":            {"", &debug.BuildInfo{Main: *other}, "unknown"},
		"no build info":        {"", nil, "unknown"},
	} {
		if got := versionOf(x.stamped, x.info); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}
