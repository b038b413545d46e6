package nodemetrics

import "runtime/debug"

// stamped is the version that a build sets:
//
//	-ldflags "-X github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics.stamped=v0.1.0"
var stamped string

// Version returns the module's version: the one that the build was stamped with,
// else that of this Go module in the binary, else "unknown".
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(stamped, info)
}

func versionOf(stamped string, info *debug.BuildInfo) string {
	if stamped != "" {
		return stamped
	}
	if info != nil {
		for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
			// A replaced module has no version of its own.
			if m.Path == "github.com/edgegauge/edgegauge" && m.Replace == nil && m.Version != "" {
				return m.Version
			}
		}
	}
	return "unknown"
}
