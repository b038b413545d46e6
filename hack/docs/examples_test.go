package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// TestExamples checks that the YAML in the documents is what it claims to be.
func TestExamples(t *testing.T) {
	mappings, configs := 0, 0
	for name, document := range documents(t) {
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(document, -1) {
			switch text := []byte(block[1]); {
			case strings.Contains(block[1], "families:"):
				mappings++
				if _, err := mapping.Parse(text); err != nil {
					t.Errorf("%s: %v in\n%s", name, err, text)
				}
			case strings.HasPrefix(block[1], "modules:") && strings.Contains(block[1], "nodeMetrics:"):
				configs++
				file := filepath.Join(t.TempDir(), "nodemetrics.yaml")
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
				c, err := nodemetrics.LoadConfig(file)
				if err == nil {
					c.MappingFile = "" // of the reader's machine
					err = c.Validate()
				}
				if err != nil || c.From() == "" {
					t.Errorf("%s: error %v, section found in %q, in\n%s", name, err, c.From(), text)
				}
			}
		}
	}
	if mappings == 0 || configs == 0 {
		t.Errorf("the documents have %d mappings and %d configs, at least one of each is expected", mappings, configs)
	}
}
