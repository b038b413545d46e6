//go:build kubeedge_v1_22
// +build kubeedge_v1_22

package main

import "github.com/kubeedge/beehive/pkg/core"

// RestartPolicy is the method that core.Module has from KubeEdge v1.22 on: should
// the adapter ever end before cloudcore does, beehive starts it again.
func (*adapter) RestartPolicy() *core.ModuleRestartPolicy {
	return &core.ModuleRestartPolicy{RestartType: core.RestartTypeAlways, IntervalTimeGrowthRate: 2}
}
