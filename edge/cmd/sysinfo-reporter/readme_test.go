package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The README's tables of flags and of patterns are made from the flags.
func TestReadmeFlags(t *testing.T) {
	var flags, patterns strings.Builder
	flags.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	hostname := regexp.MustCompile(`^sysinfo-reporter-.*`)
	(&options{}).flags().VisitAll(func(f *flag.Flag) {
		_, usage := flag.UnquoteUsage(f)
		value := hostname.ReplaceAllString(f.DefValue, "sysinfo-reporter-<host name>")
		if p, isPattern := f.Value.(*pattern); isPattern {
			value = p.name
			fmt.Fprintf(&patterns, "%s:\n\n```\n%s\n```\n\n", p.name, f.DefValue)
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&flags, "| `--%s` | %s | %s |\n", f.Name, value, usage)
	})
	checkReadme(t, "flags", flags.String())
	checkReadme(t, "patterns", patterns.String())
}

// checkReadme holds a part of the README against what it is made from, and
// writes it anew on demand.
func checkReadme(t *testing.T, part, text string) {
	t.Helper()
	const path = "../../README.md"
	begin, end := "<!-- "+part+" -->\n", "<!-- /"+part+" -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no %q in the README", begin)
	}
	want := before + begin + text + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(b) {
		t.Errorf("the README's part %s is not up to date; go test -run Readme -update writes it anew", part)
	}
}
