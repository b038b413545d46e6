//go:build kubeedge_v1_18 || kubeedge_v1_20
// +build kubeedge_v1_18 kubeedge_v1_20

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http/httptest"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
)

// paths makes each server's path its own: viaduct registers them with net/http.
var paths int64

// TestForeignCertificatesOnConnections: through viaduct's own server, connections and
// mux. Two edges call themselves edge-2 at once, and only one has its certificate.
func TestForeignCertificatesOnConnections(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		t.Run(fmt.Sprint("requireOwnCertificate: ", refuse), func(t *testing.T) {
			came := make(chan string, 100)
			asCloudhub(t, func(node string, message *model.Message) {
				came <- fmt.Sprintf("%s %s %s %s", node, message.GetOperation(), message.GetResource(), message.GetID())
			})
			var told calls
			a := newAdapter(&told, newTable(), nil, newCertificates([]string{reportTopic}, refuse))
			a.Group()
			a.Group() // should anybody ask twice, a report is counted once

			authority := newAuthority(t)
			path := fmt.Sprint("/edges", atomic.AddInt64(&paths, 1))
			cloud := httptest.NewUnstartedServer(edgeServer(path))
			cloud.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.pool(), MinVersion: tls.VersionTLS12}
			cloud.StartTLS()
			defer cloud.Close()
			connect := func(commonName, node string) func(*model.Message) error {
				trusted := x509.NewCertPool()
				trusted.AddCert(cloud.Certificate())
				send, end, err := dial("wss"+strings.TrimPrefix(cloud.URL, "https")+path, &tls.Config{
					RootCAs: trusted, Certificates: []tls.Certificate{authority.sign(t, commonName)}, MinVersion: tls.VersionTLS12}, node)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = end() })
				return send
			}
			victim := connect("system:node:edge-2", "edge-2")
			stranger := connect("system:node:edge-3", "edge-2")
			old := connect("kubeedge.io", "edge-4")

			say := func(send func(*model.Message) error, operation, resource, id string) {
				message := model.NewMessage("").BuildRouter(routeSource, "user", resource, operation)
				message.Header.ID = id
				message.FillBody([]byte(`{}`))
				if err := send(message); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{}
			for i := 0; i < 5; i++ {
				say(victim, model.UploadOperation, reportTopic, fmt.Sprint("victim-", i))
				say(stranger, model.UploadOperation, reportTopic, fmt.Sprint("stranger-", i))
				say(stranger, model.UploadOperation, "default/user/other", fmt.Sprint("other-", i))
				say(old, model.UploadOperation, reportTopic, fmt.Sprint("old-", i))
				want = append(want, fmt.Sprint("edge-2 upload default/user/sysinfo victim-", i), fmt.Sprint("edge-4 upload default/user/sysinfo old-", i),
					fmt.Sprint("edge-2 upload default/user/other other-", i))
				if !refuse {
					want = append(want, fmt.Sprint("edge-2 upload default/user/sysinfo stranger-", i))
				}
			}
			// The last of each connection.
			for _, send := range []func(*model.Message) error{victim, stranger, old} {
				say(send, "keepalive", "end", "")
			}
			got, ended := []string{}, 0
			for deadline := time.After(patience); ended < 3; {
				select {
				case line := <-came:
					if strings.Contains(line, " keepalive end ") {
						ended++
					} else {
						got = append(got, line)
					}
				case <-deadline:
					t.Fatalf("only %d connections are read to their end; %v", ended, got)
				}
			}
			sort.Strings(got)
			sort.Strings(want)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("cloudhub got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if got := count(t, a.certificates.total); got != 5 {
				t.Errorf("%v reports are counted, want the 5 of the stranger", got)
			}
		})
	}
}

// TestSeesCertificates: see TestRequireOwnCertificate for what follows from it.
func TestSeesCertificates(t *testing.T) {
	if !seesCertificates {
		t.Error("this KubeEdge tells certificates")
	}
}

// BenchmarkInFront is what a message costs in viaduct's mux without us and with us in
// front of it.
func BenchmarkInFront(b *testing.B) {
	report := fromEdge("SYS/dis/upload_records")
	for _, front := range []bool{false, true} {
		b.Run(fmt.Sprint("front=", front), func(b *testing.B) {
			asCloudhub(b, func(string, *model.Message) {})
			if front {
				newCertificates([]string{reportTopic, "SYS/dis/upload_records"}, true).standInFront()
			}
			header, chain := certified("system:node:edge-2", "edge-2")
			b.ReportAllocs()
			for b.Loop() {
				serve(header, chain, report)
			}
		})
	}
}

// authority signs certificates, as cloudcore does.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "KubeEdge"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// sign returns a certificate of an edge.
func (a authority) sign(t *testing.T, commonName string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: commonName, Organization: []string{"system:nodes"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
