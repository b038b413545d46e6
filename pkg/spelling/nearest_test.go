package spelling

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"run", "check-config", "explain", "replay", "version"}
	for typed, want := range map[string]string{
		"chek-config": "check-config", "check": "check-config", "explian": "explain", "rum": "run", "vers": "version",
		"rerun": "run", "serve": "", "": "", "re": "", "rep": "replay", "something-else": "",
	} {
		if got := Nearest(typed, names); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := Nearest("a", nil); got != "" {
		t.Errorf("of no names %q is nearest", got)
	}
}
