//go:build !kubeedge_v1_18 && !kubeedge_v1_20
// +build !kubeedge_v1_18,!kubeedge_v1_20

package main

import "testing"

// TestSeesNoCertificates: see TestRequireOwnCertificate for what follows from it.
func TestSeesNoCertificates(t *testing.T) {
	if seesCertificates {
		t.Error("this KubeEdge tells no certificates")
	}
	newCertificates(nil, true).standInFront() // changes nothing
}
