package sysinfo

import "testing"

// Others rely on these numbers: a node name is Kubernetes' (RFC 1123 subdomain);
// operators know names and values from the limits of their scrapes; and reporters
// that are older than the cloud must stay within them.
func TestLimits(t *testing.T) {
	for name, x := range map[string]struct{ got, want int }{
		"MaxNodeName":     {MaxNodeName, 253},
		"MaxInterval":     {MaxInterval, 2_678_400},
		"MaxLabelName":    {MaxLabelName, 128},
		"MaxLabelValue":   {MaxLabelValue, 512},
		"MaxMetricName":   {MaxMetricName, 256},
		"MaxChosenLabels": {MaxChosenLabels, 16},
		"MaxFamilyLabels": {MaxFamilyLabels, 14},
	} {
		if x.got != x.want {
			t.Errorf("%s is %d, want %d", name, x.got, x.want)
		}
	}
}
