//go:build kubeedge_v1_18 && !kubeedge_v1_20
// +build kubeedge_v1_18,!kubeedge_v1_20

package main

import (
	"github.com/kubeedge/viaduct/pkg/mux"
	"github.com/prometheus/client_golang/prometheus"
)

// What follows stands in viaduct_v1_18.go and in viaduct_v1_20.go: viaduct has another
// import path from KubeEdge v1.20 on, and a file can import only one.

// seesCertificates says whether this KubeEdge hands messages out together with the
// certificates of their connection.
const seesCertificates = true

// standInFront has each message come by here before cloudhub gets it, on websockets
// as on quic.
//
// cloudhub enters itself in viaduct's default mux while it is registered, and a
// connection looks that mux up with its first message. So after the one and before
// the other another mux takes its place, and hands on what is admitted. See Group
// for when that is.
func (c *certificates) standInFront() {
	cloudhub := mux.MuxDefault
	front := mux.NewMessageMux()
	front.Entry(mux.NewPattern("*").Op("*"), func(m *mux.MessageContainer, answer mux.ResponseWriter) {
		if c.admit(m.Header, m.PeerCertificates, m.Message) {
			cloudhub.ServeConn(&mux.MessageRequest{Header: m.Header, PeerCertificates: m.PeerCertificates, Message: m.Message}, answer)
		}
	})
	mux.MuxDefault = front
}

// metrics returns what there is to show of the certificates.
func (c *certificates) metrics() []prometheus.Collector { return []prometheus.Collector{c.total} }
