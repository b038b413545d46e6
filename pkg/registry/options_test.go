package registry_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

var badOptions = []struct {
	options registry.Options
	names   []string // that the error must say
}{
	{registry.Options{NodeTTL: -1}, []string{"NodeTTL"}},
	{registry.Options{MissedReports: -1}, []string{"MissedReports"}},
	{registry.Options{DisconnectGrace: -1}, []string{"DisconnectGrace"}},
	{registry.Options{ExpectGrace: -1}, []string{"ExpectGrace"}},
	{registry.Options{Retention: -1}, []string{"Retention"}},
	{registry.Options{Nodes: -1}, []string{"Nodes"}},
	{registry.Options{ReportsPerSecond: -1}, []string{"ReportsPerSecond"}},
	{registry.Options{ReportsPerSecond: math.NaN()}, []string{"ReportsPerSecond"}},
	{registry.Options{Overrides: []registry.Override{{Nodes: "a"}}}, []string{"Overrides[0].TTL"}},
	{registry.Options{Overrides: []registry.Override{{Nodes: "[", TTL: 1}}}, []string{"Overrides[0]", `"["`}},
	{registry.Options{Overrides: []registry.Override{{Nodes: "*", TTL: 1}, {Nodes: "a*[b", TTL: 1}}}, []string{"Overrides[1]"}},
	{registry.Options{NodeTTL: -1, Nodes: -1}, []string{"NodeTTL", "Nodes"}},
}

func TestNewRefusesBadOptions(t *testing.T) {
	for _, test := range badOptions {
		_, err := registry.New(test.options, nil)
		if err == nil {
			t.Errorf("%+v is taken", test.options)
			continue
		}
		for _, name := range test.names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("the error of %+v does not name %s: %v", test.options, name, err)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	got := newNodes(t, registry.Options{NodeTTL: time.Minute}).Options()
	if got.NodeTTL != time.Minute || got.MissedReports != 3 || got.DisconnectGrace != 90*time.Second ||
		got.ExpectGrace != time.Minute || got.Retention != 24*time.Hour || got.Nodes != 20000 || got.ReportsPerSecond != 5 {
		t.Errorf("%+v", got)
	}
}
