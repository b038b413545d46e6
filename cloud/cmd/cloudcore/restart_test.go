//go:build kubeedge_v1_22
// +build kubeedge_v1_22

package main

import (
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core"
)

// TestBothAreStartedAgain: should one of the modules end, beehive starts it again.
func TestBothAreStartedAgain(t *testing.T) {
	for _, module := range []core.Module{&adapter{}, &nodemetrics.Module{}} {
		policy := module.RestartPolicy()
		if policy == nil || policy.RestartType != core.RestartTypeAlways || policy.Retries != 0 {
			t.Errorf("%T: got %+v, want always, without end", module, policy)
		}
	}
}
