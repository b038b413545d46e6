//go:build e2e

// These tests start the built command, from PATH or where NODEMETRICS says, and
// hold it against a real Prometheus and promtool and against readers that do not
// read. `make test` runs them with all they need.
package command_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/programs"
)

// nodemetrics is the command to test.
func nodemetrics() string {
	if binary := os.Getenv("NODEMETRICS"); binary != "" {
		return binary
	}
	return "nodemetrics"
}

// startNodemetrics starts the command with messages from standard input, and
// returns its address and a function that sends a message.
func startNodemetrics(t *testing.T, args ...string) (address string, send func(message any)) {
	t.Helper()
	return startNodemetricsWith(t, "", args...)
}

// startNodemetricsWith is startNodemetrics with more lines in the config.
func startNodemetricsWith(t *testing.T, lines string, args ...string) (address string, send func(message any)) {
	t.Helper()
	address = programs.FreeAddress(t)
	config := filepath.Join(t.TempDir(), "cloudcore.yaml")
	write(t, config, fmt.Sprintf("modules:\n  nodeMetrics:\n    bindAddress: %s\n    nodeTTL: %v\n%s", address, ttl, lines))
	cmd := exec.Command(nodemetrics(), append([]string{"--config", config, "--replay", "-"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	programs.Start(t, cmd)
	t.Cleanup(func() { in.Close() })
	programs.Ready(t, "http://"+address+"/readyz")
	return address, func(message any) {
		t.Helper()
		if err := json.NewEncoder(in).Encode(message); err != nil {
			t.Fatal(err)
		}
	}
}

// startPrometheus starts a Prometheus that scrapes an address, with more lines in the
// scrape's config.
func startPrometheus(t *testing.T, target, lines string) programs.Prometheus {
	t.Helper()
	return programs.StartPrometheus(t, "prometheus", fmt.Sprintf(`global: {scrape_interval: %v, scrape_timeout: %v}
scrape_configs:
- job_name: nodemetrics
  static_configs: [{targets: [%q]}]
%s`, scrapeInterval, scrapeInterval, target, lines))
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeWebConfig writes a web configuration file with a certificate for 127.0.0.1,
// and more lines, and returns its name.
func writeWebConfig(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, filepath.Join(dir, "key"), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})))
	file := filepath.Join(dir, "web.yaml")
	write(t, file, "tls_server_config: {cert_file: crt, key_file: key}\n"+more)
	return file
}
