package sysinfo

import (
	"fmt"
	"slices"
)

// LegalName reports whether s is a metric or label name of the classic
// character set, [a-zA-Z_][a-zA-Z0-9_]*. Colons are left to recording rules.
func LegalName[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(s) > 0
}

// taken are the labels that Prometheus attaches to its targets (a sample's
// own would be renamed to exported_…) and the one that names the node.
var taken = []string{"node", "instance", "job", "pod", "namespace"}

// CheckLabelName returns an error that says why l cannot be a label of a
// sample, or nil.
func CheckLabelName[T string | []byte](l T) error {
	switch {
	case !LegalName(l):
		return fmt.Errorf("label %s, not of the form [a-zA-Z_][a-zA-Z0-9_]*", excerpt(l))
	case len(l) >= 2 && l[0] == '_' && l[1] == '_':
		return fmt.Errorf("label %s: names that begin with __ are Prometheus' own", excerpt(l))
	case slices.Contains(taken, string(l)):
		return fmt.Errorf("label %s is set by Prometheus or the exporter", l)
	}
	return nil
}

// excerpt quotes and shortens a name for an error, so that a log line stays a
// line.
func excerpt[T string | []byte](name T) string {
	const most = 40
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}
