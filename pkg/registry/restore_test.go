package registry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// saved is a node as it is saved, of report message.
func saved(t *testing.T) (Saved, *mapping.Mapping) {
	t.Helper()
	rep := decoded(t, message)
	w := new(blockWriter)
	return Saved{Name: "n", Received: time.Now(), Interval: 60, Samples: len(rep.Samples),
		Block: w.report("n", rep, rep.Samples, everything).clone(), Families: rep.Mapping.Families()}, rep.Mapping
}

// What cannot be a saved node is refused, with what is wrong; what just can is not.
func TestCheck(t *testing.T) {
	swap := func(v *Saved, a, b string) {
		families := append([]mapping.Family(nil), v.Families...)
		var i, j int
		for at := range families {
			if families[at].Name == a {
				i = at
			}
			if families[at].Name == b {
				j = at
			}
		}
		families[i], families[j] = families[j], families[i]
		v.Families = families
	}
	for name, test := range map[string]struct {
		change func(v *Saved)
		want   string // in the error; "" if there is to be none
	}{
		"as it was":                {func(*Saved) {}, ""},
		"no name":                  {func(v *Saved) { v.Name = "" }, "no name"},
		"another name":             {func(v *Saved) { v.Name = "o" }, "the block of another"},
		"the longest name":         {func(v *Saved) { named(v, strings.Repeat("n", sysinfo.MaxNodeName)) }, ""},
		"a longer name":            {func(v *Saved) { named(v, strings.Repeat("n", sysinfo.MaxNodeName+1)) }, "no name"},
		"a name that is no text":   {func(v *Saved) { named(v, "\xff") }, "no name"},
		"no block":                 {func(v *Saved) { v.Block = nil }, "the block of another"},
		"no lines":                 {func(v *Saved) { v.Block = v.Block[:nodeHeader+len(`{node="n"`)] }, ""},
		"half a header":            {func(v *Saved) { v.Block = v.Block[:nodeHeader+len(`{node="n"`)+lineHeader-1] }, "cut short"},
		"half a line":              {func(v *Saved) { v.Block = v.Block[:len(v.Block)-1] }, "a line that is none"},
		"a line of 64 KiB":         {func(v *Saved) { v.Block[nodeHeader+len(`{node="n"`)+4] = 1 }, "a line that is none"},
		"a line of 16 MiB":         {func(v *Saved) { v.Block[nodeHeader+len(`{node="n"`)+5] = 1 }, "a line that is none"},
		"a line of 256 bytes":      {func(v *Saved) { v.Block[nodeHeader+len(`{node="n"`)+3] = 1 }, "a line that is none"},
		"fewer than none dropped":  {func(v *Saved) { v.Dropped = -1 }, "dropped"},
		"too many dropped":         {func(v *Saved) { v.Dropped = math.MaxInt32 + 1 }, "dropped"},
		"as many as can be":        {func(v *Saved) { v.Dropped = math.MaxInt32 }, ""},
		"an interval below 0":      {func(v *Saved) { v.Interval = -1 }, "a time that is none"},
		"no interval":              {func(v *Saved) { v.Interval = 0 }, ""},
		"the longest interval":     {func(v *Saved) { v.Interval = sysinfo.MaxInterval }, ""},
		"a longer interval":        {func(v *Saved) { v.Interval = sysinfo.MaxInterval + 1 }, "a time that is none"},
		"an interval that is none": {func(v *Saved) { v.Interval = math.NaN() }, "a time that is none"},
		"a time that is none":      {func(v *Saved) { v.Time = math.NaN() }, "a time that is none"},
		"a time beyond all":        {func(v *Saved) { v.Time = math.Inf(-1) }, "a time that is none"},
		"families the other way":   {func(v *Saved) { swap(v, "a_value", "z_values") }, "another order"},
		"a family that is gone":    {func(v *Saved) { v.Families = append([]mapping.Family{{Name: "a_gone"}}, v.Families[1:]...) }, ""},
		"too few families":         {func(v *Saved) { v.Families = v.Families[:len(v.Families)-2] }, "a line that is none"},
	} {
		t.Run(name, func(t *testing.T) {
			v, m := saved(t)
			test.change(&v)
			r, err := New(Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			checked := v.Check(m)
			taken, restored := r.Restore(m, v)
			if (checked == nil) != (restored == nil) || taken != (restored == nil) {
				t.Errorf("checked with %v, restored with %v, %v", checked, taken, restored)
			}
			if test.want == "" && checked != nil || test.want != "" && (checked == nil || !strings.Contains(checked.Error(), test.want)) {
				t.Errorf("checked with %v, want %q", checked, test.want)
			}
			if known := r.Used().Nodes; known != map[bool]int{true: 1, false: 0}[test.want == ""] {
				t.Errorf("%d nodes are known", known)
			}
		})
	}
}

// named gives v another name, in its block too.
func named(v *Saved, name string) {
	_, lines := v.Block.Split()
	w := new(blockWriter)
	w.begin(name, v.Families)
	v.Name, v.Block = name, append(w.b, lines...)
}

// A line in a saved block is no line unless it ends as one does.
func TestWellFormed(t *testing.T) {
	for end, want := range map[string]bool{
		"} 1\n":             true,
		",a=\"b\"} 1\n":     true,
		"} \n":              false,
		"":                  false,
		"} 1":               false,
		"x} 1\n":            false,
		",a=\"b\" 1\n":      false,
		"} 1\n\n":           false,
		"} 1\n} 2\n":        false,
		",a=\"\xff\"} 1\n":  false,
		",a=\"b\"}1 \n":     false,
		",a=\"b} \"} NaN\n": true,
	} {
		if got := wellFormed([]byte(end)); got != want {
			t.Errorf("%q: %v, want %v", end, got, want)
		}
	}
}

// A node of which only lines of other mappings were saved has none of them, and
// lines keep their meaning when the families have moved.
func TestRestoreByAnotherMapping(t *testing.T) {
	v, m := saved(t)
	other, err := mapping.Parse([]byte("families: [{name: z_values, help: h, path: values.*, keyLabel: key}, {name: zz, help: h, path: zz}]"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*mapping.Mapping{"n": other, "o": m} {
		v := v
		named(&v, name)
		if ok, err := r.Restore(m, v); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := r.Restore(m, v); ok || err != nil {
			t.Errorf("a node that is known is restored: %v, %v", ok, err)
		}
	}
	_, families, lines, _ := r.Lookup("n")
	got := text(lines, families)
	if strings.Contains(got, "a_value") || strings.Contains(got, "edge_node_middle") || !strings.Contains(got, `z_values{node="n",key="x"} +Inf`) ||
		!strings.Contains(got, `edge_node_up{node="n"} 1`) {
		t.Errorf("by another mapping it shows\n%s", got)
	}
	_, families, lines, _ = r.Lookup("o")
	if got := text(lines, families); !strings.Contains(got, `a_value{node="o"} 1`) {
		t.Errorf("by its own mapping it shows\n%s", got)
	}
	if st := r.Stats(); st.Series != 6+8 {
		t.Errorf("%+v", st)
	}
}
