package mapping

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

const reservedPrefix = "nodemetrics_" // the exporter's own metrics

// maxHelp is the longest HELP text in bytes, so that a page's size is bounded.
const maxHelp = 1024

// MaxMetadata bounds the bytes that the HELP and TYPE lines of all families take
// on a page. Escaping may double a help.
const MaxMetadata = (MaxFamilies + len(Status)) * (len("# HELP  \n# TYPE  counter\n") + 2*sysinfo.MaxMetricName + 2*maxHelp)

func (f *file) check() error {
	var errs []error
	wrong := func(where, format string, args ...any) {
		errs = append(errs, fmt.Errorf("mapping: %s: %s", where, fmt.Sprintf(format, args...)))
	}
	if len(f.families) == 0 {
		wrong("families", "none given, at least one is needed")
	}
	seen := map[string]string{} // names on the page, and the family they are of
	for i := range Status {
		for _, name := range Status[i].PageNames() {
			seen[name] = Status[i].Name
		}
	}
	for i := range f.families {
		fam := &f.families[i]
		where := fmt.Sprintf("families[%d] %.100s", i, fam.Name)
		wrong := func(format string, args ...any) { wrong(where, format, args...) }
		if problem := nameProblem(fam.Name); problem != "" {
			wrong("%s", problem)
		} else if clash := clashes(fam, seen); clash != "" {
			wrong("%s", clash)
		}
		fam.checkValue(wrong)
		fam.checkLabels(wrong)
	}
	for _, fld := range []struct {
		name string
		*Field
	}{{"timestamp", f.timestamp}, {"interval", f.interval}} {
		if fld.Field == nil {
			continue
		}
		if fld.Path == "" {
			wrong(fld.name, "path is missing")
		}
		switch {
		case fld.Scale == 0:
			wrong(fld.name, scaleZero)
		case fld.Scale < 0:
			wrong(fld.name, "scale %v, not a positive number", fld.Scale)
		}
	}
	return errors.Join(errs...)
}

const scaleZero = "scale 0 would make every value 0; leave it out where the value is right as it is"

// nameProblem says why no family can have the name, or "".
func nameProblem(name string) string {
	switch {
	case !sysinfo.LegalMetricName(name):
		return fmt.Sprintf("name %.100q, not of the form [a-zA-Z_:][a-zA-Z0-9_:]*", name)
	case len(name) > sysinfo.MaxMetricName:
		return fmt.Sprintf("a name of %d bytes, the limit is %d", len(name), sysinfo.MaxMetricName)
	case strings.HasPrefix(name, reservedPrefix):
		return fmt.Sprintf("the prefix %s is the exporter's own", reservedPrefix)
	case name == "up" || name == "ALERTS" || name == "ALERTS_FOR_STATE" || strings.HasPrefix(name, "scrape_"):
		return "the name is one that Prometheus itself writes (up, ALERTS, ALERTS_FOR_STATE, scrape_…)"
	}
	return ""
}

// PageNames returns the name of the family on a page, and the names that its
// samples have or may have there: no other family may use one of them.
// OpenMetrics gives a counter two suffixes.
func (f *Family) PageNames() []string {
	name, typ := f.OpenMetrics()
	if typ == string(Counter) {
		return []string{name, name + totalSuffix, name + "_created"}
	}
	return []string{name}
}

// clashes says with which family of those seen f shares a name on the page, or
// "", and adds f to them.
func clashes(f *Family, seen map[string]string) string {
	problem := ""
	for _, name := range f.PageNames() {
		switch other := seen[name]; {
		case other == "" || problem != "":
		case other == f.Name:
			problem = "the name is taken by " + other
		default:
			problem = fmt.Sprintf("the name is taken by %s: on a page both would be called %s", other, name)
		}
		seen[name] = f.Name
	}
	return problem
}

// checkValue checks what makes the family's values.
func (f *Family) checkValue(wrong func(format string, args ...any)) {
	switch f.Type {
	case Gauge:
		if strings.HasSuffix(f.Name, totalSuffix) {
			wrong("type gauge: only names of counters end in %s", totalSuffix)
		}
	case Counter:
		if f.Scale < 0 {
			wrong("scale %v: a counter that is scaled by it would be negative", f.Scale)
		}
		if f.Value != nil && *f.Value < 0 {
			wrong("value %v: a counter is never negative", *f.Value)
		}
	case "histogram", "summary":
		wrong("type %q: a field of a message is one number, a %s is many; map its count and its sum as counters, and its quantiles as gauges, with names of their own", f.Type, f.Type)
	default:
		wrong("type %q, not gauge or counter", f.Type)
	}
	if f.Scale == 0 {
		wrong(scaleZero)
	}
	if f.Path == "" {
		wrong("path is missing")
	}
	switch {
	case f.Help == "":
		wrong("help is missing")
	case len(f.Help) > maxHelp:
		wrong("help of %d bytes, the limit is %d", len(f.Help), maxHelp)
	case !utf8.ValidString(f.Help):
		wrong("help is not UTF-8")
	}
	words := make([]string, 0, len(f.Enum))
	for word := range f.Enum {
		words = append(words, word)
	}
	slices.Sort(words) // so that the errors are the same each time
	for _, word := range words {
		switch v := f.Enum[word] * f.Scale; {
		case !finite(v):
			wrong("enum %q: %v times scale %v is out of range", word, f.Enum[word], f.Scale)
		case v < 0 && f.Type == Counter:
			wrong("enum %q: %v: a counter is never negative", word, v)
		}
	}
	if f.Value != nil && (len(f.Enum) > 0 || f.Scale != 1) {
		wrong("value goes with neither enum nor scale")
	}
	if f.Value != nil && len(f.Labels) == 0 && f.LabelsFrom == "" {
		wrong("value without labels would say nothing")
	}
}

// checkLabels checks the labels that the mapping gives.
func (f *Family) checkLabels(wrong func(format string, args ...any)) {
	if f.KeyLabel != "" && len(f.KeyLabels) > 0 {
		wrong("keyLabel and keyLabels are both given; one of them is enough")
	}
	labels := f.LabelNames()
	if len(labels) > sysinfo.MaxFamilyLabels {
		wrong("%d labels, the limit is %d", len(labels), sysinfo.MaxFamilyLabels)
	}
	for j, l := range labels {
		if err := sysinfo.CheckLabelName(l); err != nil {
			wrong("%v", err)
		}
		if j > 0 && labels[j-1] == l {
			wrong("label %s is given twice", l)
		}
		switch value, constant := f.ConstLabels[l]; {
		case !constant:
		case value == "":
			wrong("constLabels: label %s is empty, which is as if it were not there", l)
		case len(value) > sysinfo.MaxLabelValue:
			wrong("constLabels: label %s has %d bytes, the limit is %d", l, len(value), sysinfo.MaxLabelValue)
		case !utf8.ValidString(value):
			wrong("constLabels: label %s is not UTF-8", l)
		}
	}
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
