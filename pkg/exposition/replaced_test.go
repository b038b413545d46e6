package exposition_test

import (
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// TestNamesOfAReplacedMapping has an old mapping's counter x_total and a new
// one's gauge x on one page, which in OpenMetrics are two families named x.
func TestNamesOfAReplacedMapping(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	report := func(node, spec, message string) { put(t, r, parse(t, spec), node, message) }
	const message = `{"x": 1, "b": 2, "z": 3}`
	report("old", `families: [{name: x_total, type: counter, help: X., path: x}, {name: b, help: B., path: b}, {name: z, help: Z., path: z}]`, message)
	report("new", `families: [{name: x, help: X., path: x}, {name: z, help: Z., path: z}]`, message)

	for _, open := range []bool{false, true} {
		text := page(t, r, map[bool]string{true: acceptOpenMetrics}[open])
		if n := strings.Count(text, "# TYPE x "); n != 1 {
			t.Errorf("%d TYPE lines for x, one is expected, in\n%s", n, text)
		}
		if strings.Contains(text, "x_total") {
			t.Errorf("the replaced family is still there in\n%s", text)
		}
		for _, line := range []string{`x{node="new"} 1`, `b{node="old"} 2`, `z{node="old"} 3`, `z{node="new"} 3`} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s is missing in\n%s", line, text)
			}
		}
	}
}
