package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestLogsHaveIt: what the documents have people look for in cloudcore's log is written
// there by something.
func TestLogsHaveIt(t *testing.T) {
	source := ""
	for _, name := range filesOf(t, root+"/cloud", ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				source += line + "\n"
			}
		}
	}
	looked := 0
	for file, text := range documents(t) {
		for _, command := range regexp.MustCompile(`kubectl logs [^\n]*\| grep ([^\n]*)`).FindAllStringSubmatch(text, -1) {
			for _, m := range regexp.MustCompile(`"([^"]+)"|'([^']+)'|(?:^| )([^-'" ][^'" ]*)`).FindAllStringSubmatch(command[1], -1) {
				words := m[1] + m[2] + m[3]
				if words == "NODE" { // a node's name, as all that cloudcore logs has it
					continue
				}
				looked++
				in := source
				if strings.HasPrefix(command[1], "-i ") {
					in, words = strings.ToLower(in), strings.ToLower(words)
				}
				if !strings.Contains(in, words) {
					t.Errorf("%s: nothing in cloud/ logs %q: %s", file, words, command[0])
				}
			}
		}
	}
	if looked < 5 {
		t.Errorf("%d patterns looked for", looked)
	}
}
