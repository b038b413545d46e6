//go:build kubeedge_v1_22
// +build kubeedge_v1_22

package main

import (
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/edgecore"
	"github.com/kubeedge/beehive/pkg/core"
)

// TestModulesAreStartedAgain: should one of the modules end, beehive starts it again,
// in cloudcore and in edgecore.
func TestModulesAreStartedAgain(t *testing.T) {
	for _, module := range []core.Module{&adapter{}, &nodemetrics.Module{}, &edgecore.Module{}} {
		policy := module.RestartPolicy()
		if policy == nil || policy.RestartType != core.RestartTypeAlways || policy.Retries != 0 {
			t.Errorf("%T: got %+v, want always, without end", module, policy)
		}
	}
}
