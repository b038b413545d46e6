package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestLinks follows every link of the documents that leads into this project:
// the file must be there, and the heading if one is named.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	all := documents(t)
	followed := 0
	for file, text := range all {
		for _, m := range link.FindAllStringSubmatch(withoutCode(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			followed++
			path, heading, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(file), path))
				if _, err := os.Stat(filepath.Join(root, target)); err != nil {
					t.Errorf("%s: the link %s leads nowhere", file, m[1])
					continue
				}
			}
			if heading != "" && !anchors(all[target])[heading] {
				t.Errorf("%s: the link %s names a heading that %s does not have", file, m[1], target)
			}
		}
	}
	if followed < 10 {
		t.Errorf("only %d links followed", followed)
	}
}

// withoutCode blanks fenced code and code spans, whose brackets are no links.
func withoutCode(text string) string {
	text = regexp.MustCompile("(?ms)^ *```.*?^ *```").ReplaceAllString(text, "")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
}

// anchors returns the names by which a document's headings can be linked to, as
// forges make them: lower case, spaces as hyphens, no other signs.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	text = regexp.MustCompile("(?ms)^ *```.*?^ *```").ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.*)$`).FindAllStringSubmatch(text, -1) {
		names[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(m[1]))] = true
	}
	return names
}
