package docs

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of the documents anew")

const root = "../.."

// documents returns the project's Markdown files by their path below root, with
// their text.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path != root && strings.HasPrefix(name, ".") || name == "bin" || name == "dist" || name == "node_modules" {
				return fs.SkipDir
			}
		case filepath.Ext(path) == ".md":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			all[filepath.ToSlash(name)] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if all["README.md"] == "" || all["docs/config.md"] == "" {
		t.Fatalf("%d documents found, README.md and docs/config.md not among them", len(all))
	}
	return all
}

// TestGenerated compares the parts of all documents between
// <!-- generated: NAME --> and <!-- end --> with what they are generated from.
func TestGenerated(t *testing.T) {
	parts := map[string]func(*testing.T) string{
		"metrics":  metricTable,
		"exporter": exporterTable,
		"config":   configTable,
		"mapping":  mappingTable,
		"embed":    embedding,
		"cost":     costTable,
	}
	section := regexp.MustCompile(`(?s)(<!-- generated: ([a-z]+) -->\n)(.*?)(<!-- end -->)`)
	seen := map[string]bool{}
	for file, text := range documents(t) {
		now := section.ReplaceAllStringFunc(text, func(s string) string {
			m := section.FindStringSubmatch(s)
			part := parts[m[2]]
			if part == nil {
				t.Fatalf("%s: nothing generates the part %q", file, m[2])
			}
			seen[m[2]] = true
			want := part(t)
			if !*update && m[3] != want {
				t.Errorf("%s: the part %q is out of date; `make docs` writes it anew. It should be:\n%s", file, m[2], want)
			}
			return m[1] + want + m[4]
		})
		if *update && now != text && !t.Failed() {
			if err := os.WriteFile(filepath.Join(root, file), []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name := range parts {
		if !seen[name] {
			t.Errorf("no document has the part %q", name)
		}
	}
}
