package nodemetrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Every page that tells something asks the host first, and the two for probes
// tell nothing to anybody.
func TestAuthorize(t *testing.T) {
	verdicts := map[string]error{
		"Bearer good":    nil,
		"":               ErrUnauthenticated,
		"Bearer stale":   fmt.Errorf("the token of secret-user: %w", ErrUnauthenticated),
		"Bearer other":   fmt.Errorf("secret-user: %w", ErrForbidden),
		"Bearer unknown": fmt.Errorf("secret API server is away"),
	}
	status := map[string]int{"Bearer good": 200, "": 401, "Bearer stale": 401, "Bearer other": 403, "Bearer unknown": 503}
	m := newModule(t, func(c *Config) {
		c.Authorize = func(r *http.Request) error { return verdicts[r.Header.Get("Authorization")] }
	})
	accept(t, m, message("edge", memory("7")))
	for token, want := range status {
		for _, path := range []string{"/metrics", "/", "/nowhere", "/favicon.ico"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", token)
			w := ask(m, r)
			want := want
			if want == 200 && (path == "/nowhere" || path == "/favicon.ico") {
				want = 404
			}
			if w.Code != want {
				t.Errorf("%s with %q: %d, want %d", path, token, w.Code, want)
			}
			if body := w.Body.String(); want > 400 && want != 404 && (strings.Contains(body, "secret") || strings.Contains(body, "edge")) {
				t.Errorf("%s with %q tells %q", path, token, body)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge == "Bearer") != (want == 401) {
				t.Errorf("%s with %q: challenge %q", path, token, challenge)
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", token)
			if w := ask(m, r); w.Code == 401 || w.Code == 403 || w.Body.Len() > len("not ready\n") {
				t.Errorf("%s with %q: %d %q", path, token, w.Code, w.Body)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Authorization", "Bearer good")
	text := ask(m, r).Body.String()
	for _, line := range []string{
		`nodemetrics_scrapes_total{code="200"} 1`, `nodemetrics_scrapes_total{code="401"} 2`,
		`nodemetrics_scrapes_total{code="403"} 1`, `nodemetrics_scrapes_total{code="503"} 1`, "nodemetrics_scrapes_in_flight 1",
		"nodemetrics_scrape_duration_seconds_count 5",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no %s on the page", line)
		}
	}
}

// A changed file does not open the door.
func TestAuthorizeOutlivesAReload(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	c, err := LoadConfig(mnt.path("cloudcore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Authorize = func(*http.Request) error { return ErrForbidden }
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	settle(m)
	if m.config.Load().NodeTTL.String() != "6m0s" {
		t.Fatal("the change was not taken up")
	}
	if w := get(m, "/metrics"); w.Code != http.StatusForbidden {
		t.Errorf("after a reload: %d", w.Code)
	}
}

// A page for people is nothing that a browser may run or frame.
func TestSecurityHeaders(t *testing.T) {
	m := newModule(t, nil)
	for _, path := range []string{"/", "/metrics", "/healthz", "/nowhere"} {
		h := get(m, path).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: no %s in %q", path, part, policy)
			}
		}
		if strings.Contains(policy, "script") {
			t.Errorf("%s allows scripts: %q", path, policy)
		}
	}
}
