package custom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// text renders entries for comparison.
func text(entries []sysinfo.Custom) string {
	b, err := json.Marshal(entries)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// prom is parseProm, which takes every file.
func prom(b []byte) (contents, error) { return parseProm(b), nil }

func TestParse(t *testing.T) {
	long := strings.Repeat("x", MaxTextBytes+1)
	for name, test := range map[string]struct {
		parse       func([]byte) (contents, error)
		input       string
		want, error string // one of them
	}{
		"prom": {prom, "# HELP a b\n# TYPE a counter\na 1\n\n b{x=\"y\", z = \"q\\\"\\\\\\n\",} +2.5e1 1700000000000\r\nc:d\t{} 3",
			`[{"name":"a","value":1},{"name":"b","labels":{"x":"y","z":"q\"\\\n"},"value":25},{"name":"c:d","value":3}]`, ""},
		"prom, own labels": {prom, `a{name="n",node="m",empty=""} 1`, `[{"name":"a","labels":{"exported_name":"n","exported_node":"m"},"value":1}]`, ""},
		"prom, taken labels": {prom, `a{job="j",instance="i",pod="p",namespace="n"} 1` + "\n" + `a{service="s",endpoint="e",container="c",le="1"} 1` + "\n" + `a{quantile="q",prometheus="p",prometheus_replica="r"} 1`,
			`[{"name":"a","labels":{"exported_instance":"i","exported_job":"j","exported_namespace":"n","exported_pod":"p"},"value":1},` +
				`{"name":"a","labels":{"exported_container":"c","exported_endpoint":"e","exported_le":"1","exported_service":"s"},"value":1},` +
				`{"name":"a","labels":{"exported_prometheus":"p","exported_prometheus_replica":"r","exported_quantile":"q"},"value":1}]`, ""},
		"json, taken label":      {parseJSON, `[{"name":"a","value":1,"labels":{"job":"j"}}]`, `[{"name":"a","labels":{"exported_job":"j"},"value":1}]`, ""},
		"json, long label name":  {parseJSON, `[{"name":"a","value":1,"labels":{"` + strings.Repeat("l", 129) + `":"d"}}]`, "", "longer than 128 bytes"},
		"prom, renamed twice":    {prom, `a{name="n",exported_name="m"} 1`, "", "label exported_name twice"},
		"prom, nothing":          {prom, "# only words\n", `null`, ""},
		"prom, no name":          {prom, "a 1\n{} 1", "", "line 2: no metric name"},
		"prom, no value":         {prom, "a", "", "line 1: no metric name"},
		"prom, brace alone":      {prom, "a{", "", "labels are not"},
		"prom, open quote":       {prom, `a{b="c`, "", "closing quote"},
		"prom, no comma":         {prom, `a{b="c" d="e"} 1`, "", "commas"},
		"prom, label twice":      {prom, `a{b="c",b="e"} 1`, "", "label b twice"},
		"prom, not a number":     {prom, "a one", "", "no number"},
		"prom, not a time stamp": {prom, "a 1 now", "", "no time stamp"},
		"prom, not finite":       {prom, "a NaN", "", "no finite value"},
		"prom, series twice":     {prom, `a{b="c",d="e"} 1` + "\n" + `a{d="e",b="c"} 2`, "", "a twice with the same labels"},
		"prom, reserved label":   {prom, `a{__b="c"} 1`, "", `a: label "__b" begins with __`},
		"prom, not UTF-8":        {prom, "a{b=\"\xff\"} 1", "", "not UTF-8"},
		"prom, long value":       {prom, `a{b="` + long + `"} 1`, "", "longer than 128 bytes"},
		"prom, many labels":      {prom, `a{a="1",b="1",c="1",d="1",e="1",f="1",g="1",h="1",i="1"} 1`, "", "more than 8 labels"},
		"prom, many":             {prom, many(MaxEntries + 1), "", "more than 300 entries; the rest is left out"},
		"json list":              {parseJSON, ` [{"name":"a b","value":1.5,"labels":{"x":"y"}},{"name":"c","value":-1}]`, `[{"name":"a b","labels":{"x":"y"},"value":1.5},{"name":"c","value":-1}]`, ""},
		"json flat":              {parseJSON, `{"z":1,"a":true,"b":false}`, `[{"name":"a","value":1},{"name":"b","value":0},{"name":"z","value":1}]`, ""},
		"json, empty":            {parseJSON, ``, "", "neither"},
		"json, number":           {parseJSON, `7`, "", "neither"},
		"json, text":             {parseJSON, `{"a":"b"}`, "", "neither a number nor a bool"},
		"json, misspelt":         {parseJSON, `[{"name":"a","vlaue":1}]`, "", "unknown field"},
		"json, no value":         {parseJSON, `[{"name":"a"}]`, "", "no finite value"},
		"json, no name":          {parseJSON, `[{"value":1}]`, "", "entry 1: no name"},
		"json, long name":        {parseJSON, `{"` + long + `":1}`, "", "longer than 128 bytes"},
		"json, truncated":        {parseJSON, `[{"name":"a","value":1}`, "", "unexpected EOF"},
		"json, two":              {parseJSON, `{"a":1} {"b":2}`, "", "more than one"},
		"json, label name":       {parseJSON, `[{"name":"a","value":1,"labels":{"b-c":"d"}}]`, "", `a: label "b-c" is not of the form`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := test.parse([]byte(test.input))
			entries := c.entries
			if err == nil && len(c.wrong) > 0 {
				err = c.wrong[0]
			}
			switch {
			case test.error == "" && err != nil:
				t.Errorf("error %v", err)
			case test.error != "" && (err == nil || !strings.Contains(err.Error(), test.error)):
				t.Errorf("entries %s, error %v, want an error with %q", text(entries), err, test.error)
			case test.error == "" && text(entries) != test.want:
				t.Errorf("got %s, want %s", text(entries), test.want)
			}
		})
	}
}

// many is a file of so many entries.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "v%d 1\n", i)
	}
	return b.String()
}

// One bad entry costs that entry, whatever is wrong with it, and is said with its
// place; the others of the file count.
func TestBadEntries(t *testing.T) {
	const good = `[{"name":"good","value":1},{"name":"last","value":2}]`
	for name, test := range map[string]struct{ file, content, want string }{
		"prom, no number":     {"x.prom", "good 1\nbad one\nlast 2\n", "x.prom: line 2: \"one\" is no number"},
		"prom, not finite":    {"x.prom", "good 1\n\nbad NaN\nlast 2", "x.prom: line 3: bad has no finite value"},
		"prom, labels":        {"x.prom", "bad{a=1} 1\ngood 1\nlast 2", "x.prom: line 1: labels are not"},
		"prom, label value":   {"x.prom", "bad{a=\"" + strings.Repeat("v", 129) + "\"} 1\ngood 1\nlast 2", "x.prom: line 1: bad: value of label a is longer than 128 bytes"},
		"prom, twice":         {"x.prom", "good 1\ngood 3\nlast 2", "x.prom: line 2: good twice"},
		"prom, not UTF-8":     {"x.prom", "good 1\nbad{a=\"\xff\"} 1\nlast 2", "not UTF-8"},
		"json, no value":      {"x.json", `[{"name":"good","value":1},{"name":"bad"},{"name":"last","value":2}]`, "x.json: entry 2: bad has no finite value"},
		"json, a string":      {"x.json", `[{"name":"good","value":1},{"name":"bad","value":"1"},{"name":"last","value":2}]`, "x.json: entry 2: json: cannot unmarshal string"},
		"json, out of range":  {"x.json", `[{"name":"good","value":1},{"name":"bad","value":1e999},{"name":"last","value":2}]`, "x.json: entry 2: json: cannot unmarshal number 1e999"},
		"json, misspelt":      {"x.json", `[{"name":"good","value":1},{"nmae":"bad","value":1},{"name":"last","value":2}]`, `x.json: entry 2: json: unknown field "nmae"`},
		"json, null":          {"x.json", `[null,{"name":"good","value":1},{"name":"last","value":2}]`, "x.json: entry 1: no name"},
		"json, a number":      {"x.json", `[{"name":"good","value":1},7,{"name":"last","value":2}]`, "x.json: entry 2: json: cannot unmarshal number"},
		"json, a label":       {"x.json", `[{"name":"good","value":1},{"name":"bad","value":1,"labels":{"a":1}},{"name":"last","value":2}]`, "x.json: entry 2: json: cannot unmarshal number"},
		"json, a label name":  {"x.json", `[{"name":"good","value":1},{"name":"bad","value":1,"labels":{"a-b":"c"}},{"name":"last","value":2}]`, `x.json: entry 2: bad: label "a-b"`},
		"flat, a string":      {"x.json", `{"good":1,"bad":"N/A","last":2}`, `x.json: "bad": neither a number nor a bool`},
		"flat, null":          {"x.json", `{"good":1,"bad":null,"last":2}`, `x.json: "bad": neither a number nor a bool`},
		"flat, out of range":  {"x.json", `{"good":1,"bad":1e999,"last":2}`, `x.json: "bad": json: cannot unmarshal number 1e999`},
		"flat, a long name":   {"x.json", `{"good":1,"` + strings.Repeat("n", 129) + `":1,"last":2}`, "is longer than 128 bytes"},
		"flat, no name":       {"x.json", `{"good":1,"":1,"last":2}`, `x.json: "": no name`},
		"flat, not a reading": {"x.json", `{"good":1,"bad":[1],"last":2}`, `x.json: "bad": neither a number nor a bool`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, test.file, test.content)
			r := Reader{Dir: dir}
			entries, errs := r.Read(context.Background())
			if got := text(entries); got != good {
				t.Errorf("got %s, want %s", got, good)
			}
			if len(errs) != 1 || !strings.Contains(errs[0].Error(), test.want) {
				t.Errorf("errors %v, want one with %q", errs, test.want)
			}
		})
	}
	// A file that is wrong altogether is not said line by line.
	dir := t.TempDir()
	write(t, dir, "x.prom", "good 1\n"+strings.Repeat("bad\n", 1000)+"last 2\n")
	r := Reader{Dir: dir}
	entries, errs := r.Read(context.Background())
	if got := text(entries); got != good || len(errs) != 6 || !strings.HasSuffix(errs[5].Error(), "x.prom: 995 entries more are left out") {
		t.Errorf("%s, errors %v", got, errs)
	}
	write(t, dir, "x.prom", many(MaxEntries)+"v0 1\n")
	if entries, errs = r.Read(context.Background()); len(entries) != MaxEntries || len(errs) != 1 || !strings.Contains(errs[0].Error(), "v0 twice") {
		t.Errorf("%d entries, errors %v", len(entries), errs)
	}
	write(t, dir, "x.prom", many(MaxEntries+2))
	if entries, errs = r.Read(context.Background()); len(entries) != MaxEntries || len(errs) != 1 || !strings.Contains(errs[0].Error(), "more than 300 entries; the rest is left out") {
		t.Errorf("%d entries, errors %v", len(entries), errs)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.prom", "b 1\n")
	write(t, dir, "a.json", `{"a": 1}`)
	write(t, dir, "bad.json", `{"bad"`)
	write(t, dir, "dup.prom", "b 2\nc 3\n")
	write(t, dir, "old.prom", "old 1\n")
	write(t, dir, "large.prom", "# "+strings.Repeat("x", MaxFileBytes))
	write(t, dir, ".hidden.prom", "hidden 1\n")
	write(t, dir, "readme.txt", "not a value")
	if err := os.Mkdir(filepath.Join(dir, "folder.prom"), 0o755); err != nil {
		t.Fatal(err)
	}
	hourAgo := time.Now().Add(-time.Hour - time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "old.prom"), hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	r := Reader{Dir: dir, MaxAge: time.Hour}
	entries, errs := r.Read(context.Background())
	if got, want := text(entries), `[{"name":"a","value":1},{"name":"b","value":1},{"name":"c","value":3}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wants := []string{"bad.json: ", "dup.prom: b with the same labels", "folder.prom: not a regular file", "large.prom: more than 65536 bytes", "old.prom: not written for more than 1h0m0s"}
	if len(errs) != len(wants) {
		t.Fatalf("errors %v, want %d", errs, len(wants))
	}
	for i, want := range wants {
		if !strings.Contains(errs[i].Error(), want) {
			t.Errorf("error %v, want %q", errs[i], want)
		}
	}
	r.MaxAge = 0
	if entries, _ := r.Read(context.Background()); len(entries) != 4 {
		t.Errorf("without a maximal age: %s", text(entries))
	}
}

func TestReadLimits(t *testing.T) {
	dir := t.TempDir()
	for i := 0; i < 10; i++ {
		var b strings.Builder
		for j := 0; j < 50; j++ {
			fmt.Fprintf(&b, "v%d_%d 1\n", i, j)
		}
		write(t, dir, fmt.Sprintf("%d.prom", i), b.String())
	}
	r := Reader{Dir: dir}
	entries, errs := r.Read(context.Background())
	if len(entries) != MaxEntries || len(errs) != 1 || !strings.Contains(errs[0].Error(), "more than 300 entries") {
		t.Errorf("%d entries, errors %v", len(entries), errs)
	}
	dir = t.TempDir()
	for i := 0; i < MaxFiles+5; i++ {
		write(t, dir, fmt.Sprintf("%03d.json", i), fmt.Sprintf(`{"v%d":1}`, i))
	}
	r = Reader{Dir: dir}
	entries, errs = r.Read(context.Background())
	if len(entries) != MaxFiles || len(errs) != 1 || !strings.Contains(errs[0].Error(), "more than 64 files") {
		t.Errorf("%d entries, errors %v", len(entries), errs)
	}
}

func TestNoFolder(t *testing.T) {
	var none Reader
	if entries, errs := none.Read(context.Background()); entries != nil || errs != nil {
		t.Errorf("no folder wanted: %v, %v", entries, errs)
	}
	r := Reader{Dir: filepath.Join(t.TempDir(), "gone")}
	entries, errs := r.Read(context.Background())
	if len(entries) != 0 || len(errs) != 1 || !errors.Is(errs[0], fs.ErrNotExist) || !strings.Contains(errs[0].Error(), r.Dir) {
		t.Errorf("a folder that is not there: %v, %v", entries, errs)
	}
}

func fuzz(f *testing.F, parse func([]byte) (contents, error)) {
	for _, seed := range []string{
		"a 1\n", `a{b="c",d="\"\\\n"} -1e3 5`, "# x\n\n", "a NaN", "a{", `a{b="`,
		`{"a":1}`, `[{"name":"a","labels":{"b":"c"},"value":1}]`, `{"a":1e999}`, `[null]`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parse(b)
		if err != nil {
			return
		}
		if _, err := json.Marshal(c.entries); err != nil || len(c.entries) > MaxEntries {
			t.Errorf("%d entries, error %v", len(c.entries), err)
		}
		for _, e := range c.entries {
			if err := check(&e); err != nil {
				t.Errorf("%s does not pass its own check: %v", text(c.entries), err)
			}
		}
	})
}

func FuzzParseProm(f *testing.F) { fuzz(f, prom) }
func FuzzParseJSON(f *testing.F) { fuzz(f, parseJSON) }
