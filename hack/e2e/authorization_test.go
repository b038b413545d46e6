package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// decisionTTL is how long what the API server said counts, for the token and for
// the right one after the other.
const decisionTTL = 2 * 10 * time.Second

// authorization: with "authorization: kubernetes" the API server says who reads.
// It is away, or cloudcore may not ask: nobody does.
func (s *suite) authorization(t *testing.T) {
	if err := s.EditConfigMap("nodemetrics.yaml", nodeMetrics(ttl.String())+"    authorization: kubernetes\n"); err != nil {
		t.Fatal(err)
	}
	s.stop(t, s.cloudcores[0])
	cloudcore, err := s.StartCloudcore(0)
	if err != nil {
		t.Fatal(err)
	}
	s.cloudcores[0] = cloudcore
	nobody := s.token(t, "default")
	eventually(t, slack, "the page is served", s.answers(cloudcore, "/healthz", "", http.StatusOK))

	// The chart's ClusterRole does not let cloudcore ask.
	eventually(t, slack, "whose the token is cannot be asked", s.answers(cloudcore, "/metrics", nobody, http.StatusServiceUnavailable))
	if err := s.ApplyFolder("manifests/authorization"); err != nil {
		t.Fatal(err)
	}
	reader := s.token(t, "edgegauge-metrics-reader")
	eventually(t, decisionTTL+slack, "who may read, reads", s.answers(cloudcore, "/metrics", reader, http.StatusOK))
	for _, c := range []struct {
		what, path, token string
		status            int
	}{
		{"no token", "/metrics", "", http.StatusUnauthorized},
		{"no token for the overview", "/", "", http.StatusUnauthorized},
		{"a token that is none", "/metrics", "made-up", http.StatusUnauthorized},
		{"a token with a wrong signature", "/metrics", reader[:len(reader)-8] + "AAAAAAAA", http.StatusUnauthorized},
		{"a token of somebody who may not", "/metrics", nobody, http.StatusForbidden},
		{"the overview", "/", reader, http.StatusOK},
		{"a probe", "/healthz", "", http.StatusOK},
		{"a probe", "/readyz", "", http.StatusOK},
	} {
		if err := s.answers(cloudcore, c.path, c.token, c.status)(); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}

	// Prometheus, with the token that the token controller would have put there.
	if _, err := s.Kubectl("", "patch", "-n", "kubeedge", "secret", "edgegauge-metrics-reader", "--type", "merge", "-p",
		fmt.Sprintf(`{"stringData": {"token": %q}}`, reader)); err != nil {
		t.Fatal(err)
	}
	if err := s.ApplyFolder("manifests/servicemonitor-authorization"); err != nil {
		t.Fatal(err)
	}
	if err := s.PublishEndpoints(cloudcore); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the ServiceMonitor brings the token", func() error {
		if err := s.FollowOperator("serviceMonitor/kubeedge/cloudcore/"); err != nil {
			return err
		}
		// What the operator wrote may still be the configuration of before, so it
		// is asked again soon.
		return stack.Eventually(5*time.Second, func() error { return s.scraped(cloudcore) })
	})

	if _, err := s.Kubectl("", "delete", "clusterrolebinding", "edgegauge-metrics-reader"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	eventually(t, decisionTTL+slack, "who may no longer read, does not", s.answers(cloudcore, "/metrics", reader, http.StatusForbidden))
	t.Logf("locked out %s after the right was taken away", time.Since(begin).Round(time.Second/10))
	if err := s.ApplyFolder("manifests/authorization"); err != nil {
		t.Fatal(err)
	}
	eventually(t, decisionTTL+slack, "who may read again, does", s.answers(cloudcore, "/metrics", reader, http.StatusOK))

	// An API server that takes connections and answers none is the worst one.
	if err := s.APIServer.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begin = time.Now()
	err = stack.Eventually(decisionTTL+3*slack, s.answers(cloudcore, "/metrics", reader, http.StatusServiceUnavailable))
	if err := s.APIServer.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("without an API server: %v", err)
	}
	t.Logf("nobody reads %s after the API server stopped to answer", time.Since(begin).Round(time.Second/10))
	eventually(t, time.Minute, "with the API server the reader is back", s.answers(cloudcore, "/metrics", reader, http.StatusOK))

	for _, token := range []string{reader, nobody, "made-up"} {
		if logged(cloudcore, token)() == nil {
			t.Errorf("the log of %s has a token", cloudcore.Name)
		}
	}
}

// token returns a token of a service account.
func (s *suite) token(t *testing.T, account string) string {
	t.Helper()
	if _, err := s.Kubectl("", "get", "-n", "kubeedge", "serviceaccount", account); err != nil {
		// The controller that makes the default one is not here.
		if _, err := s.Kubectl("", "create", "-n", "kubeedge", "serviceaccount", account); err != nil {
			t.Fatal(err)
		}
	}
	token, err := s.Kubectl("", "create", "token", account, "-n", "kubeedge", "--duration", "1h")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(token)
}

// answers is the condition that a page answers so.
func (s *suite) answers(cloudcore *stack.Cloudcore, path, token string, status int) func() error {
	client := &http.Client{Timeout: 15 * time.Second}
	return func() error {
		request, err := http.NewRequest("GET", "http://"+cloudcore.MetricsAddress()+path, nil)
		if err != nil {
			return err
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != status {
			return fmt.Errorf("%s answers %s, want %d", path, response.Status, status)
		}
		return nil
	}
}
