package mapping

import (
	"github.com/edgegauge/edgegauge/pkg/sysinfo"

	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

const reservedPrefix = "nodemetrics_" // the exporter's own metrics

func (f *file) check() error {
	var errs []error
	wrong := func(where, format string, args ...any) {
		errs = append(errs, fmt.Errorf("mapping: %s: %s", where, fmt.Sprintf(format, args...)))
	}
	if len(f.families) == 0 {
		wrong("families", "none given, at least one is needed")
	}
	// OpenMetrics names a counter's family without _total, so what must be
	// unique is the name without it.
	seen := map[string]string{}
	for _, s := range Status {
		seen[s.Name] = s.Name
	}
	for i, fam := range f.families {
		where := fmt.Sprintf("families[%d] %s", i, fam.Name)
		base := strings.TrimSuffix(fam.Name, "_total")
		switch {
		case !sysinfo.LegalMetricName(fam.Name):
			wrong(where, "name %q, not of the form [a-zA-Z_:][a-zA-Z0-9_:]*", fam.Name)
		case strings.HasPrefix(fam.Name, reservedPrefix):
			wrong(where, "the prefix %s is the exporter's own", reservedPrefix)
		case seen[base] != "":
			wrong(where, "the name is taken by %s", seen[base])
		}
		seen[base] = fam.Name
		switch {
		case fam.Type != Gauge && fam.Type != Counter:
			wrong(where, "type %q, not gauge or counter", fam.Type)
		case (fam.Type == Counter) != (base != fam.Name):
			wrong(where, "type %s: names of counters, and only those, end in _total", fam.Type)
		}
		if fam.Path == "" {
			wrong(where, "path is missing")
		}
		if fam.Help == "" {
			wrong(where, "help is missing")
		}
		for word, v := range fam.Enum {
			if !finite(v * fam.Scale) {
				wrong(where, "enum %q: %v times scale %v is out of range", word, v, fam.Scale)
			}
		}
		if fam.Value != nil && (len(fam.Enum) > 0 || fam.Scale != 1) {
			wrong(where, "value goes with neither enum nor scale")
		}
		if fam.Value != nil && len(fam.Labels) == 0 && fam.LabelsFrom == "" {
			wrong(where, "value without labels would say nothing")
		}
		labels := []string{}
		for l := range fam.Labels {
			labels = append(labels, l)
		}
		if fam.KeyLabel != "" {
			labels = append(labels, fam.KeyLabel)
		}
		slices.Sort(labels)
		for j, l := range labels {
			if err := sysinfo.CheckLabelName(l); err != nil {
				wrong(where, "%v", err)
			}
			if j > 0 && labels[j-1] == l {
				wrong(where, "label %s is given twice", l)
			}
		}
	}
	for _, fld := range []struct {
		name string
		*Field
	}{{"timestamp", f.timestamp}, {"interval", f.interval}} {
		if fld.Field == nil {
			continue
		}
		if fld.Scale == 0 {
			fld.Scale = 1
		}
		if fld.Path == "" {
			wrong(fld.name, "path is missing")
		}
		if fld.Scale < 0 {
			wrong(fld.name, "scale %v, not a positive number", fld.Scale)
		}
	}
	return errors.Join(errs...)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
