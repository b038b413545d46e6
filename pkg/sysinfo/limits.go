package sysinfo

// The bounds of what a node sends. The limits that the shipped manifests put on
// a scrape follow from them: what is within these bounds never costs a scrape.
const (
	// MaxNodeName is the longest node name in bytes, that of a Kubernetes
	// object (RFC 1123 subdomain).
	MaxNodeName = 253
	// MaxInterval is the longest time between reports that a report may
	// declare, in seconds.
	MaxInterval = 31 * 24 * 3600
	// MaxLabelName is the longest label name in bytes.
	MaxLabelName = 128
	// MaxLabelValue is the longest label value in bytes that any config can
	// allow.
	MaxLabelValue = 512
	// MaxMetricName is the longest name of a metric family in bytes.
	// Prometheus counts it as the value of the label __name__.
	MaxMetricName = 256
	// MaxChosenLabels is how many labels of its own choice a node may give a
	// sample.
	MaxChosenLabels = 16
	// MaxFamilyLabels is how many labels a mapping may give a family.
	MaxFamilyLabels = 14
)
