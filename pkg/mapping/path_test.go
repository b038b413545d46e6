package mapping

import (
	"slices"
	"strings"
	"testing"
)

func key(k string) step { return step{kind: stepKey, key: k} }

var elem, star = step{kind: stepElem}, step{kind: stepAny}

func TestParsePath(t *testing.T) {
	for path, want := range map[string][]step{
		".":         nil,
		"a":         {key("a")},
		"a.b":       {key("a"), key("b")},
		"a[]":       {key("a"), elem},
		"a[].b":     {key("a"), elem, key("b")},
		"a.*":       {key("a"), star},
		"*":         {star},
		"*[].b":     {star, elem, key("b")},
		"a*.**":     {key("a*"), key("**")},
		`\*`:        {key("*")},
		`a\.b`:      {key("a.b")},
		`a\[]`:      {key("a[]")},
		`a\\.b`:     {key(`a\`), key("b")},
		`\a`:        {key("a")},
		"a]":        {key("a]")},
		"é.a b/c":   {key("é"), key("a b/c")},
		`\é`:        {key("é")},
		"a[].b[].c": {key("a"), elem, key("b"), elem, key("c")},
	} {
		if got, err := parsePath(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v and error %v, want %v", path, got, err, want)
		}
	}
	for path, want := range map[string]string{
		"":       "an empty key",
		"..":     "an empty key",
		".a":     "an empty key",
		"a..b":   "an empty key",
		"a.":     "a dot at the end",
		"a[].":   "a dot at the end",
		"[]":     "an empty key",
		"a.[]":   "an empty key",
		"a[][]":  `"[][]" where only [] at the end of a key can stand`,
		"a[0]":   `"[0]" where only [] at the end of a key can stand`,
		"a[]b":   `"[]b" where only [] at the end of a key can stand`,
		"a[":     `"[" where only [] at the end of a key can stand`,
		`a\`:     `a \ at the end`,
		"a[]..b": "an empty key",
	} {
		if got, err := parsePath(path); err == nil || err.Error() != want {
			t.Errorf("%s: got %v and error %v, want error %s", path, got, err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	base := []step{key("a"), elem, key("b"), star, key("c")}
	for ref, want := range map[string]string{
		"x":                "a[].b.*.c.x",
		"x.y":              "a[].b.*.c.x.y",
		"../x":             "a[].b.*.x",
		"../../x":          "a[].b.x",
		"../../../x":       "a[].x",
		"../../../../x":    "x",
		".":                "a[].b.*.c",
		"../../../../../x": "",
		"x[]":              "",
		"*":                "",
	} {
		steps, err := resolve(base, ref)
		if got := notation(steps); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q and error %v, want %q", ref, got, err, want)
		}
	}
}

// notation writes steps as a path.
func notation(steps []step) string {
	if steps == nil {
		return ""
	}
	var b strings.Builder
	for i, s := range steps {
		if i > 0 && s.kind != stepElem {
			b.WriteByte('.')
		}
		switch s.kind {
		case stepElem:
			b.WriteString("[]")
		case stepAny:
			b.WriteByte('*')
		default:
			if s.key == "*" {
				b.WriteByte('\\')
			}
			b.WriteString(strings.NewReplacer(`\`, `\\`, `.`, `\.`, `[`, `\[`).Replace(s.key))
		}
	}
	return b.String()
}

// A path that can be read is the notation of what was read.
func FuzzPath(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		steps, err := parsePath(path)
		if err != nil {
			return
		}
		if len(steps) == 0 {
			if path != "." {
				t.Fatalf("%q has no steps", path)
			}
			return
		}
		again, err := parsePath(notation(steps))
		if err != nil || !slices.Equal(again, steps) {
			t.Fatalf("%q gives %v, which written as %q gives %v and error %v", path, steps, notation(steps), again, err)
		}
	})
}
