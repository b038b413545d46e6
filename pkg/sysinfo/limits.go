package sysinfo

const (
	// MaxNodeName is the longest node name in bytes, that of a Kubernetes
	// object (RFC 1123 subdomain).
	MaxNodeName = 253
	// MaxInterval is the longest time between reports that one may declare,
	// in seconds.
	MaxInterval = 31 * 24 * 3600
	// MaxChosenLabels is how many labels of its own choice a node may give
	// a sample.
	MaxChosenLabels = 16
)
