package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsExist holds what the documents tell people to type to what there is:
// scripts, make's targets, folders for kubectl, charts and Dockerfiles.
func TestCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	// Where each kind of command has the path that must be there, or a target.
	target := regexp.MustCompile(`(?:^|[ =])make ((?:[a-z0-9-]+(?: |$))*[a-z0-9-]+)(?: |$)`)
	paths := []*regexp.Regexp{
		regexp.MustCompile(`^(?:[A-Z_]+=\S* )*((?:hack|edge)/\S+\.sh)(?: |$)`),
		regexp.MustCompile(`kubectl (?:apply|delete) .*-k (manifests/\S+)`),
		regexp.MustCompile(`helm (?:upgrade|install|show|template) .*?(manifests/chart)(?: |$)`),
		regexp.MustCompile(`docker (?:build|buildx build) .*?-f (\S+)`),
		regexp.MustCompile(`promtool test rules (\S+)`),
	}
	// It is not on PATH, and it has these commands.
	ours := regexp.MustCompile(`^(bin/)?nodemetrics (?:--[a-z-]+|(run|check-config|explain|replay|version|completion|help))?`)
	withFile := regexp.MustCompile(`^nodemetrics (?:check-config|explain|replay) \S`)
	found := map[string]int{}
	for file, text := range documents(t) {
		// What is typed in a fork's tree is that tree's, and hack/kubeedge/fork.sh types
		// it; the changelog tells of what was.
		if file == "docs/forks.md" || file == "CHANGELOG.md" {
			continue
		}
		lines, fenced := typed(text)
		for _, line := range lines {
			if m := target.FindStringSubmatch(line); m != nil {
				for _, name := range strings.Fields(m[1]) {
					found["make"]++
					if !targets[name] {
						t.Errorf("%s: there is no target %s: %s", file, name, line)
					}
				}
			}
			if m := ours.FindStringSubmatch(line); m != nil && (m[1] == "" && (fenced[line] || withFile.MatchString(line)) || m[0] == m[1]+"nodemetrics ") {
				t.Errorf("%s: this is not to be typed so: %s", file, line)
			}
			for _, p := range paths {
				m := p.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				found[p.String()]++
				if there, err := filepath.Glob(filepath.Join(root, m[1])); err != nil || len(there) == 0 {
					t.Errorf("%s: there is no %s: %s", file, m[1], line)
				}
			}
		}
	}
	if found["make"] < 10 {
		t.Errorf("found %d targets of make", found["make"])
	}
	for _, p := range paths {
		if found[p.String()] == 0 {
			t.Errorf("no document has a command like %s", p)
		}
	}
}

// typed are the lines of a document that are there to be typed: those of fenced blocks,
// with lines that go on joined, and what stands in backquotes.
func typed(text string) (lines []string, fenced map[string]bool) {
	fenced = map[string]bool{}
	for _, m := range regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```").FindAllStringSubmatch(text, -1) {
		if m[1] != "" && m[1] != "sh" && m[1] != "console" {
			continue
		}
		for _, line := range strings.Split(strings.ReplaceAll(m[2], "\\\n", " "), "\n") {
			line, _, _ = strings.Cut(line, " #")
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			lines = append(lines, line)
			fenced[line] = true
		}
	}
	text = regexp.MustCompile("(?ms)^ *```.*?^ *```").ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile("`([^`\n]*)`").FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return lines, fenced
}

// TestNamedTests: a test that a document names is there.
func TestNamedTests(t *testing.T) {
	all := ""
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "bin") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all += string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for file, text := range documents(t) {
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)(?:/(\\w+))?`").FindAllStringSubmatch(text, -1) {
			names++
			if !strings.Contains(all, "func "+m[1]+"(") {
				t.Errorf("%s names the test %s, which is not there", file, m[1])
			}
			if m[2] != "" && !strings.Contains(all, `"`+m[2]+`"`) {
				t.Errorf("%s names the test %s/%s, and no test is called so", file, m[1], m[2])
			}
		}
	}
	if names < 10 {
		t.Errorf("the documents name %d tests", names)
	}
}
