package mapping

import (
	"strings"
	"testing"
)

func TestAppendEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"":                "",
		"plain é 😀":       "plain é 😀",
		`"`:               `\"`,
		`\`:               `\\`,
		"\n":              `\n`,
		"\r\t\x00\x7f":    "\r\t\x00\x7f",
		`C:\new` + "\n\"": `C:\\new\n\"`,
	} {
		if got := string(AppendEscaped([]byte("x="), text)); got != "x="+want {
			t.Errorf("%q: got %q, want %q", text, got, "x="+want)
		}
	}
}

// unescaped reads a label value as a scraper does.
func unescaped(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(s)
}

// An escaped label value contains no bare quote and no line feed, and a
// scraper reads the original out of it.
func FuzzLabel(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		got := string(AppendEscaped(nil, text))
		if unescaped(got) != text {
			t.Fatalf("%q became %q, which reads as %q", text, got, unescaped(got))
		}
		if bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(got); strings.ContainsAny(bare, "\"\n") {
			t.Fatalf("%q became %q, which ends early", text, got)
		}
		if again := string(AppendEscaped(nil, []byte(text))); again != got {
			t.Fatalf("%q as bytes became %q, as string %q", text, again, got)
		}
	})
}
