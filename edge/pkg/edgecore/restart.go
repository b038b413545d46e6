//go:build kubeedge_v1_22

package edgecore

import "github.com/kubeedge/beehive/pkg/core"

// RestartPolicy is the method that core.Module has from KubeEdge v1.22 on; nil,
// as KubeEdge's own modules do by default. It is behind a build tag because the
// type of its result does not exist in the beehive that is published.
func (*Module) RestartPolicy() *core.ModuleRestartPolicy { return nil }
