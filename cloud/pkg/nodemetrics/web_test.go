package nodemetrics

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The password is "open sesame".
const webConfig = `tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
basic_auth_users:
  prometheus: $2a$04$svPWyWjQCqty3naPy.8MxO38JyfouN0YB37B8QLpv5jWRRGSmhKea
`

func TestWebConfig(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	server, client, stranger := ca.issue(t, "server"), ca.issue(t, "client"), newAuthority(t).issue(t, "stranger")
	write(t, filepath.Join(dir, "ca.crt"), ca.pem)
	write(t, filepath.Join(dir, "server.crt"), server.pem)
	write(t, filepath.Join(dir, "server.key"), server.keyPEM(t))
	file := write(t, filepath.Join(dir, "web.yaml"), webConfig)

	m := newModule(t, func(c *Config) { c.BindAddress, c.WebConfigFile = freeAddress(t), file })
	accept(t, m, message("edge", memory("7")))
	stop := run(t, m)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	fetch := func(scheme, user, password string, of *authority) (int, error) {
		config := &tls.Config{RootCAs: roots}
		if of != nil {
			config.Certificates = []tls.Certificate{{Certificate: [][]byte{of.cert.Raw}, PrivateKey: of.key}}
		}
		c := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		r, err := http.NewRequest(http.MethodGet, scheme+"://"+m.config.Load().BindAddress+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(user, password)
		resp, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	eventually(t, patience, "the page is fetched", func() bool {
		code, err := fetch("https", "prometheus", "open sesame", client)
		return err == nil && code == http.StatusOK
	})
	if code, err := fetch("https", "prometheus", "wrong", client); err != nil || code != http.StatusUnauthorized {
		t.Errorf("with a wrong password: %d %v", code, err)
	}
	if code, err := fetch("https", "nobody", "open sesame", client); err != nil || code != http.StatusUnauthorized {
		t.Errorf("as nobody: %d %v", code, err)
	}
	for name, of := range map[string]*authority{"without a certificate": nil, "with a stranger's certificate": stranger} {
		if code, err := fetch("https", "prometheus", "open sesame", of); err == nil {
			t.Errorf("%s: status %d", name, code)
		}
	}
	if code, err := fetch("http", "prometheus", "open sesame", nil); err != nil || code != http.StatusBadRequest {
		t.Errorf("without TLS: %d %v", code, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestCheckFiles tries web configuration files that serving would refuse.
func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	server := newAuthority(t).issue(t, "server")
	write(t, filepath.Join(dir, "server.crt"), server.pem)
	write(t, filepath.Join(dir, "server.key"), server.keyPEM(t))
	write(t, filepath.Join(dir, "garbage"), "no certificate")
	const pair = "tls_server_config: {cert_file: server.crt, key_file: server.key"
	for text, says := range map[string]string{
		pair + "}": "",
		"basic_auth_users: {prometheus: $2a$04$svPWyWjQCqty3naPy.8MxO38JyfouN0YB37B8QLpv5jWRRGSmhKea}": "",
		"":                                   "",
		"basic_auth_users: {prometheus: 12}": "hashedSecret too short",
		"tls_server_config: {cert_file: none.crt, key_file: server.key}":              "none.crt",
		"tls_server_config: {cert_file: server.crt, key_file: none.key}":              "none.key",
		"tls_server_config: {cert_file: garbage, key_file: server.key}":               "failed to find any PEM data",
		"tls_server_config: {cert_file: server.crt}":                                  "key",
		pair + ", client_ca_file: none.crt, client_auth_type: " + requireClient + "}": "none.crt",
		pair + ", client_auth_type: Perhaps}":                                         "Perhaps",
		pair + ", min_version: TLS9}":                                                 "TLS9",
		"tls_config: {}":                                                              "tls_config",
		"tls_server_config: [":                                                        "yaml",
	} {
		c := DefaultConfig()
		c.WebConfigFile = write(t, filepath.Join(dir, "web.yaml"), text)
		err := c.CheckFiles()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "modules.nodeMetrics.webConfigFile: ")) {
			t.Errorf("%s\nerror %v, want %q", text, err, says)
		}
	}
	for name, says := range unreadable(t) {
		c := DefaultConfig()
		c.WebConfigFile = name
		if err := c.CheckFiles(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, says)
		}
		if got := c.Scheme(); got != "http" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := DefaultConfig().CheckFiles(); err != nil {
		t.Error(err)
	}
}

// TestCheckSnapshotFile tries places where no snapshot can be.
func TestCheckSnapshotFile(t *testing.T) {
	dir := t.TempDir()
	there := write(t, filepath.Join(dir, "snapshot"), "x")
	for name, ok := range map[string]bool{
		"": true, there: true, filepath.Join(dir, "new"): true,
		filepath.Join(dir, "none", "new"): false, filepath.Join(there, "new"): false,
	} {
		c := DefaultConfig()
		c.SnapshotFile = name
		if err := c.CheckFiles(); (err == nil) != ok || err != nil && !strings.HasPrefix(err.Error(), "modules.nodeMetrics.snapshotFile: ") {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for name, says := range unreadable(t) {
		c := DefaultConfig()
		c.SnapshotFile = name
		switch err := c.CheckFiles(); filepath.Base(name) {
		case "nothing", "large.yaml": // may be written anew
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		default:
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: error %v, want one that says %q", name, err, says)
			}
		}
	}
}

const requireClient = "RequireAndVerifyClientCert"

func TestScheme(t *testing.T) {
	if got := DefaultConfig().Scheme(); got != "http" {
		t.Errorf("by default %s", got)
	}
	for text, want := range map[string]string{
		webConfig: "https",
		"tls_server_config: {cert_file: a, key_file: b}":   "https",
		"tls_server_config: {cert: a, key: b}":             "https",
		"tls_server_config: {cert_file: '', key_file: ''}": "http",
		"tls_server_config: {min_version: TLS12}":          "http",
		"basic_auth_users: {a: b}":                         "http",
		"http_server_config: {http2: false}":               "http",
		"":                                                 "http",
		"tls_server_config: [":                             "http",
	} {
		c := DefaultConfig()
		c.WebConfigFile = write(t, filepath.Join(t.TempDir(), "web.yaml"), text)
		if got := c.Scheme(); got != want {
			t.Errorf("%s, want %s, with\n%s", got, want, text)
		}
	}
}

// authority is a certificate with its key, which may sign others.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	return sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
}

func (a *authority) issue(t *testing.T, name string) *authority {
	return sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
}

func sign(t *testing.T, template *x509.Certificate, by *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if by == nil {
		by = &authority{template, key, ""}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

func (a *authority) keyPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}
