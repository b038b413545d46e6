//go:build kubeedge_v1_22

package edgecore

import "github.com/kubeedge/beehive/pkg/core"

// RestartPolicy is the method that core.Module has from KubeEdge v1.22 on: should
// the module ever end before edgecore does, by a panic too, beehive starts it
// again, after a second, then two, and so on up to half a minute. It is behind a
// build tag because the type of its result does not exist in the beehive that is
// published.
func (*Module) RestartPolicy() *core.ModuleRestartPolicy {
	return &core.ModuleRestartPolicy{RestartType: core.RestartTypeAlways, IntervalTimeGrowthRate: 2}
}
