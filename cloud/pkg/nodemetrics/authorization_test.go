package nodemetrics

import (
	"net/http"
	"strings"
	"testing"
)

// Where nobody can ask Kubernetes, authorization: kubernetes must not mean open
// pages.
func TestAuthorizationNeedsSomebodyToAsk(t *testing.T) {
	c := DefaultConfig()
	c.Authorization = AuthorizationKubernetes
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "modules.nodeMetrics.authorization: kubernetes") {
		t.Errorf("got %v, want an error about modules.nodeMetrics.authorization", err)
	}
	c.Authorize = func(*http.Request) error { return ErrForbidden }
	if _, err := New(c); err != nil {
		t.Error(err)
	}
	c.BindAddress = ""
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "monitorServer") {
		t.Errorf("got %v, want an error about the page that nobody guards", err)
	}
	c.Authorization = "ldap"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "must be kubernetes") {
		t.Errorf("got %v, want an error about the value", err)
	}
}

// Where nobody sees certificates, requireOwnCertificate must not mean that all pass.
func TestOwnCertificateNeedsSomebodyToLook(t *testing.T) {
	c := DefaultConfig()
	if c.RequireOwnCertificate {
		t.Error("it is asked for by default")
	}
	c.RequireOwnCertificate = true
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "modules.nodeMetrics.requireOwnCertificate: true, which this program") {
		t.Errorf("got %v, want an error about modules.nodeMetrics.requireOwnCertificate", err)
	}
	c.ChecksCertificates = true
	if _, err := New(c); err != nil {
		t.Error(err)
	}
}
