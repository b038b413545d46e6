package sysinfo

import (
	"strings"
	"testing"
)

func TestLegalName(t *testing.T) {
	for name, legal := range map[string]struct{ label, metric bool }{
		"":           {},
		"a":          {true, true},
		"z":          {true, true},
		"A":          {true, true},
		"Z":          {true, true},
		"_":          {true, true},
		"a0":         {true, true},
		"_9zZ":       {true, true},
		"0a":         {},
		"9":          {},
		"a:b":        {false, true},
		":":          {false, true},
		"a:":         {false, true},
		"a-b":        {},
		"a.b":        {},
		"a b":        {},
		"a/b":        {}, // before the digits
		"a;b":        {}, // behind the digits and the colon
		"@a":         {}, // before A
		"a[":         {}, // behind Z
		"a`":         {}, // before a
		"a{":         {}, // behind z
		"é":          {},
		"a\xff":      {},
		"\x00":       {},
		"__name__":   {true, true},
		"edge_node_": {true, true},
	} {
		if got := LegalName(name); got != legal.label {
			t.Errorf("LegalName(%q) is %v", name, got)
		}
		if got := LegalMetricName(name); got != legal.metric {
			t.Errorf("LegalMetricName(%q) is %v", name, got)
		}
		if LegalName([]byte(name)) != legal.label || LegalMetricName([]byte(name)) != legal.metric {
			t.Errorf("%q as bytes differs from the string", name)
		}
	}
}

// taken is written down a second time: these are known to operators by name.
var taken = []string{
	"node", "instance", "job", "namespace", "pod", "service", "endpoint", "container",
	"prometheus", "prometheus_replica", "le", "quantile",
}

func TestLabelNames(t *testing.T) {
	longest := strings.Repeat("a", 128)
	problems := map[string]string{
		"":               "is not of the form [a-zA-Z_][a-zA-Z0-9_]*",
		"a:b":            "is not of the form",
		"__a":            "begins with __",
		"__":             "begins with __",
		"_a":             "",
		"_":              "",
		"a__b":           "",
		"Node":           "",
		"nodes":          "",
		"lea":            "",
		longest:          "",
		longest + "a":    "is longer than 128 bytes",
		"exported_node":  "",
		"name":           "",
		longest[:127]:    "",
		"__" + longest:   "is longer than 128 bytes",
		longest + "-bad": "is not of the form",
	}
	for _, l := range taken {
		problems[l] = "is set by Prometheus or the exporter"
	}
	for l, want := range problems {
		got := LabelNameProblem(l)
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("LabelNameProblem(%.50q) is %q, want %q", l, got, want)
		}
		if again := LabelNameProblem([]byte(l)); again != got {
			t.Errorf("%.50q as bytes: %q, as string: %q", l, again, got)
		}
		err := CheckLabelName(l)
		if (err == nil) != (want == "") {
			t.Errorf("CheckLabelName(%.50q) is %v", l, err)
		}
		if err != nil && (!strings.HasSuffix(err.Error(), got) || !strings.HasPrefix(err.Error(), `label "`)) {
			t.Errorf("CheckLabelName(%.50q) says %q", l, err)
		}
	}
}

func TestErrorsQuoteAndShorten(t *testing.T) {
	for l, want := range map[string]string{
		"a\n":                         `label "a\n" is not of the form [a-zA-Z_][a-zA-Z0-9_]*`,
		strings.Repeat("-", 40):       `label "` + strings.Repeat("-", 40) + `" is not`,
		strings.Repeat("-", 41):       `label "` + strings.Repeat("-", 40) + `"… is not`,
		strings.Repeat("a", 1_000_00): `label "` + strings.Repeat("a", 40) + `"… is longer`,
	} {
		if err := CheckLabelName(l); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Whatever is taken is renamed to something that is not, and nothing else is
// renamed.
func TestCustomLabelName(t *testing.T) {
	for _, l := range append([]string{"name"}, taken...) {
		got := CustomLabelName(l)
		if got != "exported_"+l {
			t.Errorf("%s becomes %s", l, got)
		}
		if problem := LabelNameProblem(got); problem != "" {
			t.Errorf("%s becomes %s, which %s", l, got, problem)
		}
	}
	for _, l := range []string{"", "a", "names", "Name", "exported_node", "exported_name", "__name__", "cell"} {
		if got := CustomLabelName(l); got != l {
			t.Errorf("%s becomes %s", l, got)
		}
	}
}

// A node's report is full of names that are fine.
func TestLabelNamesAllocateNothing(t *testing.T) {
	names := [][]byte{[]byte("device"), []byte("prometheus_replica"), []byte("__x"), []byte(strings.Repeat("a", 200))}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			_ = LabelNameProblem(name)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
