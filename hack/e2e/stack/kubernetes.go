package stack

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const apiserver = "https://" + Gateway + ":6443"

// startKubernetes starts etcd and kube-apiserver: an API without any controller
// or kubelet, so what those would do, the stack does itself.
func (s *Stack) startKubernetes() error {
	etcd, err := s.start("etcd", "", nil, "etcd",
		"--data-dir", filepath.Join(s.Folder, "etcd"),
		"--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
		"--listen-peer-urls", "http://127.0.0.1:2380", "--log-level", "warn", "--logger", "zap")
	if err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making the key of service accounts: %w", err)
	}
	keyFile, err := s.write("apiserver/service-account.key", string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
	})))
	if err != nil {
		return err
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("making a token: %w", err)
	}
	token := hex.EncodeToString(secret)
	tokens, err := s.write("apiserver/tokens.csv", token+",admin,admin,system:masters\n")
	if err != nil {
		return err
	}
	if _, err := s.write("token", token); err != nil {
		return err
	}
	if _, err := s.write("kubeconfig", fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: stack, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: stack, context: {cluster: stack, user: admin}}]
current-context: stack
`, apiserver, token)); err != nil {
		return err
	}
	if err := ready(etcd, 20*time.Second, func() error { return reachable("127.0.0.1:2379") }); err != nil {
		return err
	}
	api, err := s.start("kube-apiserver", "", nil, "kube-apiserver",
		"--etcd-servers=http://127.0.0.1:2379", "--secure-port=6443", "--advertise-address="+Gateway,
		"--cert-dir="+filepath.Join(s.Folder, "apiserver"), "--token-auth-file="+tokens,
		"--authorization-mode=RBAC", "--allow-privileged=true", "--service-account-issuer="+apiserver,
		"--service-account-key-file="+keyFile, "--service-account-signing-key-file="+keyFile,
		"--service-cluster-ip-range=10.96.0.0/16", "--disable-admission-plugins=ServiceAccount")
	if err != nil {
		return err
	}
	s.APIServer = api
	return ready(api, 60*time.Second, func() error {
		_, err := s.Kubectl("", "get", "--raw", "/readyz")
		return err
	})
}

// Kubectl runs kubectl against the stack's API, with an input for "-f -".
func (s *Stack) Kubectl(input string, arguments ...string) (string, error) {
	return s.run("", input, "kubectl", append([]string{
		"--kubeconfig", filepath.Join(s.Folder, "kubeconfig"), "--cache-dir", filepath.Join(s.Folder, "kubectl"),
	}, arguments...)...)
}

// Apply applies manifests as a user with kubectl would.
func (s *Stack) Apply(manifests string) error {
	_, err := s.Kubectl(manifests, "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// ApplyFolder applies one of the repository's folders of manifests.
func (s *Stack) ApplyFolder(folder string) error {
	_, err := s.Kubectl("", "apply", "--server-side", "-k", filepath.Join(s.Root, folder))
	return err
}

// get reads an object into a value.
func (s *Stack) get(value any, arguments ...string) error {
	text, err := s.Kubectl("", append([]string{"get", "-o", "json"}, arguments...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("reading %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}

// moduleFolder returns where the sources of a dependency of one of the build
// modules are.
func (s *Stack) moduleFolder(build, module string) (string, error) {
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir = filepath.Join(s.Root, "hack", "e2e", "build", build)
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", module, err)
	}
	return strings.TrimSpace(string(output)), nil
}
