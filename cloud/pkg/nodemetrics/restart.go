//go:build kubeedge_v1_22

package nodemetrics

import "github.com/kubeedge/beehive/pkg/core"

// RestartPolicy is the method that core.Module has from KubeEdge v1.22 on: should
// the module ever end before cloudcore does, beehive starts it again, after a
// second, then two, and so on up to half a minute.
//
// It is behind the build tag kubeedge_v1_22 because the type of its result does
// not exist in the beehive that is published, v1.13.0, and no one file can be
// right for both. A tag, and not a wrapper in the fork, because Register is
// compiled in the fork too and has to satisfy the fork's core.Module itself.
func (*Module) RestartPolicy() *core.ModuleRestartPolicy {
	return &core.ModuleRestartPolicy{RestartType: core.RestartTypeAlways, IntervalTimeGrowthRate: 2}
}
