package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestScrapeLimitsFitTheModule holds the limits of the scrapes, whose breach
// costs a whole page, above what the module's own limits let on the page.
func TestScrapeLimitsFitTheModule(t *testing.T) {
	const (
		perNode = 10    // edge_node_up and what else every node has
		own     = 10000 // cloudcore's own metrics
	)
	module := read(t, "cloudcore/configmap.yaml")
	most := number(t, module, `(?m)^ +nodes: (\d+)$`)*(number(t, module, `samplesPerNode: (\d+)`)+perNode) + own
	for _, file := range []string{"servicemonitor/servicemonitor.yaml", "podmonitor/podmonitor.yaml", "scrape/prometheus.yaml"} {
		text := read(t, file)
		if limit := number(t, text, `(?i)sample_?limit: (\d+)`); limit < most {
			t.Errorf("%s: a limit of %d samples, the module lets %d on the page", file, limit, most)
		}
		// The module's default of labelValueBytes.
		if limit := number(t, text, `(?i)label_?value_?length_?limit: (\d+)`); limit < 256 {
			t.Errorf("%s: label values up to %d bytes, the module lets 256 through", file, limit)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../manifests", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func number(t *testing.T, text, pattern string) int {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("nothing matches %s", pattern)
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
