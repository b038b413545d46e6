package sysinfo

import "fmt"

// LegalName reports whether s is a label name of the classic character set,
// [a-zA-Z_][a-zA-Z0-9_]*.
func LegalName[T string | []byte](s T) bool { return legal(s, false) }

// LegalMetricName reports whether s is a metric name of the classic character
// set, [a-zA-Z_:][a-zA-Z0-9_:]*.
func LegalMetricName[T string | []byte](s T) bool { return legal(s, true) }

func legal[T string | []byte](s T, colons bool) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == ':' && colons
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(s) > 0
}

// TakenLabel reports whether a sample may not bring the label l because others
// set it: the exporter sets node; Prometheus and its operator set those of the
// target and of the Prometheus that sends the sample on; le and quantile belong
// to histograms and summaries, which no node sends.
func TakenLabel[T string | []byte](l T) bool {
	switch string(l) {
	case "node",
		"instance", "job", "namespace", "pod", "service", "endpoint", "container",
		"prometheus", "prometheus_replica",
		"le", "quantile":
		return true
	}
	return false
}

// LabelNameProblem says why a sample cannot have a label called l, in the words
// that follow the name in a sentence. It is "" where there is no problem.
func LabelNameProblem[T string | []byte](l T) string {
	switch {
	case !LegalName(l):
		return "is not of the form [a-zA-Z_][a-zA-Z0-9_]*"
	case len(l) > MaxLabelName:
		return tooLong
	case len(l) >= 2 && l[0] == '_' && l[1] == '_':
		return "begins with __, as Prometheus' own do"
	case TakenLabel(l):
		return "is set by Prometheus or the exporter"
	}
	return ""
}

var tooLong = fmt.Sprintf("is longer than %d bytes", MaxLabelName)

// CheckLabelName returns the problem of LabelNameProblem as an error that
// quotes the name, or nil.
func CheckLabelName[T string | []byte](l T) error {
	if problem := LabelNameProblem(l); problem != "" {
		return fmt.Errorf("label %s %s", excerpt(l), problem)
	}
	return nil
}

// CustomLabelName returns the name that the label l of a custom value has on
// the page: a taken one is renamed to exported_…, as Prometheus itself does it,
// and so is name, which holds the name of the value.
func CustomLabelName(l string) string {
	if l == "name" || TakenLabel(l) {
		return "exported_" + l
	}
	return l
}

// excerpt quotes and shortens a name, so that a log line stays a line.
func excerpt[T string | []byte](name T) string {
	const most = 40
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}
