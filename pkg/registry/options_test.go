package registry_test

import (
	"fmt"
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
	{registry.Options{Series: -1}, []string{"Series"}},
	{registry.Options{Bytes: -1}, []string{"Bytes"}},
	{registry.Options{NewNodesPerMinute: -1}, []string{"NewNodesPerMinute"}},
	{registry.Options{Overrides: []registry.Override{{Nodes: "a", TTL: -1}}}, []string{"Overrides[0].TTL is -1e-09, must be positive"}},
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
			if !strings.ContainsAny(name, `["`) {
				name = "registry: " + name + " is "
			}
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

// Limits of the whole follow from how many nodes there may be.
func TestDefaultsOfSize(t *testing.T) {
	for _, test := range []struct {
		nodes, series, perMinute int
		bytes                    int64
	}{{1, 1_000_000, 1, 256_000_000}, {20_000, 1_000_000, 5000, 256_000_000}, {20_001, 1_000_050, 5000, 256_012_800}, {100_000, 5_000_000, 25_000, 1_280_000_000}} {
		o := registry.Options{Nodes: test.nodes}.WithDefaults()
		if o.Series != test.series || o.Bytes != test.bytes || o.NewNodesPerMinute != test.perMinute {
			t.Errorf("%d nodes: %+v, want %+v", test.nodes, o, test)
		}
	}
	if o := (registry.Options{Series: 7}).WithDefaults(); o.Bytes != 7*256 {
		t.Errorf("7 series: %d bytes", o.Bytes)
	}
}

// The words for people and metrics.
func TestWords(t *testing.T) {
	got := fmt.Sprint(registry.Reasons(), registry.Fresh, registry.Pending, registry.Expired)
	for c := registry.Appeared; c <= registry.ForgottenForRoom; c++ {
		got += ", " + c.String()
	}
	const want = "[forgotten late no_room rate_limited too_many_new_nodes too_many_nodes] fresh pending expired" +
		", appeared, returned, expired, expired after disconnect, forgotten, forgotten after deletion, forgotten to make room"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
