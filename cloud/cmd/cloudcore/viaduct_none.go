//go:build !kubeedge_v1_18 && !kubeedge_v1_20
// +build !kubeedge_v1_18,!kubeedge_v1_20

package main

import "github.com/prometheus/client_golang/prometheus"

// seesCertificates says whether this KubeEdge hands messages out together with the
// certificates of their connection. v1.13 does not, and all its certificates have the
// same name.
const seesCertificates = false

func (*certificates) standInFront() {}

// metrics returns none: a 0 would say that there are no reports by the certificate of
// another.
func (*certificates) metrics() []prometheus.Collector { return nil }
