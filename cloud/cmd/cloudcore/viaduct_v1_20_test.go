//go:build kubeedge_v1_20
// +build kubeedge_v1_20

package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/kubeedge/beehive/pkg/core/model"
	viaduct "github.com/kubeedge/kubeedge/pkg/viaduct/pkg/api"
	"github.com/kubeedge/kubeedge/pkg/viaduct/pkg/client"
	"github.com/kubeedge/kubeedge/pkg/viaduct/pkg/mux"
	"github.com/kubeedge/kubeedge/pkg/viaduct/pkg/server"
)

// asCloudhub enters a handler in viaduct's default mux, as cloudhub does. After the
// test viaduct is as it was.
func asCloudhub(t testing.TB, handle func(node string, message *model.Message)) {
	before := mux.MuxDefault
	t.Cleanup(func() { mux.MuxDefault = before })
	mux.MuxDefault = mux.NewMessageMux()
	mux.Entry(mux.NewPattern("*").Op("*"), func(m *mux.MessageContainer, _ mux.ResponseWriter) {
		handle(m.Header.Get("node_id"), m.Message)
	})
}

// edgeServer returns the server that cloudhub has for edges. The path is for one
// server only.
func edgeServer(path string) http.Handler {
	return http.HandlerFunc(server.NewWSServer(server.Options{AutoRoute: true}, viaduct.WSServerOption{Path: path}).ServeHTTP)
}

// dial connects as an edgecore does, and returns how to send and to end.
func dial(url string, config *tls.Config, node string) (func(*model.Message) error, func() error, error) {
	header := http.Header{}
	header.Set("node_id", node)
	connection, err := client.NewWSClient(client.Options{Type: viaduct.ProtocolTypeWS, Addr: url, ConnUse: viaduct.UseTypeMessage, TLSConfig: config},
		viaduct.WSClientOption{Header: header}).Connect()
	if err != nil {
		return nil, nil, err
	}
	return connection.WriteMessageAsync, connection.Close, nil
}

// serve has the default mux serve a message of a connection.
func serve(header http.Header, chain []*x509.Certificate, message *model.Message) {
	mux.MuxDefault.ServeConn(&mux.MessageRequest{Header: header, PeerCertificates: chain, Message: message}, nil)
}
