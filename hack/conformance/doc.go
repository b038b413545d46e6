// Package conformance reads pages of pkg/exposition with the parsers that
// scrapers have: Prometheus' own for its text format and for OpenMetrics, and
// that of prometheus/common, which most other programs use. Every series and
// value that was put into the registry must come out, whatever a node writes
// into its labels.
//
// It is a module of its own because a library cannot require Prometheus.
package conformance
