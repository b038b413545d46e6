package nodemetrics

import (
	"fmt"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

// A list where an object belongs is an error, whatever stands in it, and no panic.
func TestLoadLists(t *testing.T) {
	for _, text := range []string{
		"[modules]", "[modules, nodeMetrics, x]", "modules: [nodeMetrics]", "modules: [a, b, nodeMetrics]", "modules: {nodeMetrics: [enable]}",
	} {
		if c, err := LoadConfig(write(t, filepath.Join(t.TempDir(), "nodemetrics.yaml"), text+"\n")); err == nil {
			t.Errorf("%s: loaded as %+v", text, c)
		}
		root, err := document([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := unwrapped([]byte(text)); err != nil && root.Kind == yaml.SequenceNode {
			t.Errorf("%s: %v", text, err)
		}
	}
	if v, err := only(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Value: "a"}, {Value: "b"}, {Value: "modules"}}}, "modules", "modules"); v != nil || err != nil {
		t.Errorf("in a list the value of a key is %v, error %v", v, err)
	}
}

// The listener has a quarter of the descriptors, and one at least.
func TestShareOfDescriptors(t *testing.T) {
	for descriptors, want := range map[uint64]int{0: 1, 3: 1, 4: 1, 7: 1, 8: 2, 1024: 256, 1027: 256, 1028: 256, 1 << 63: 256} {
		if got := shareOf(descriptors, 256); got != want {
			t.Errorf("of %d descriptors %d, want %d", descriptors, got, want)
		}
	}
}

// The most frequent problem stands first, equal ones by name, each with its newest
// example.
func TestProblems(t *testing.T) {
	var got string
	for _, p := range problems(map[string]float64{"d": 2, "a": 1, "none": 0, "c": 2, "b": 10}, []refused{{Reason: "c", Error: "why"}, {Reason: "none"}}) {
		got += fmt.Sprint(p.Reason, " ", p.Count)
		if p.Newest != nil {
			got += " " + p.Newest.Error
		}
		got += "; "
	}
	if want := "b 10; c 2 why; d 2; a 1; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
