package exposition

import (
	"net/http"
	"testing"
	"time"
)

// What readers can rely on, in numbers.
func TestTimes(t *testing.T) {
	for name, test := range map[string]struct{ got, want time.Duration }{
		"until a reader that takes nothing makes room for another": {idle, 10 * time.Millisecond},
		"until a reader that takes nothing can be cut":             {stalled, 50 * time.Millisecond},
		"until a reader that trickles can be cut":                  {slow, time.Second},
		"between looks for one":                                    {look, 5 * time.Millisecond},
		"until a page is kept":                                     {holdAtMost, 2 * time.Second},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	h := NewHandler(nil, HandlerOptions{}).(*handler)
	if h.MaxInFlight != 10 || h.Timeout != 30*time.Second || h.HostTimeout != 2*time.Second || h.hold != 2*time.Second || h.slots.most != 10 || h.guard != nil {
		t.Errorf("by default: %+v", h.HandlerOptions)
	}
	h = NewHandler(nil, HandlerOptions{MaxInFlight: 3, Timeout: time.Minute, HostTimeout: time.Hour}).(*handler)
	if h.MaxInFlight != 3 || h.Timeout != time.Minute || h.HostTimeout != time.Hour || h.slots.most != 3 {
		t.Errorf("as chosen: %+v", h.HandlerOptions)
	}
}

// All connections from one address are one client's.
func TestClient(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7", "192.0.2.7:4712": "192.0.2.7", "[2001:db8::1]:80": "2001:db8::1", "@": "@", "": "",
	} {
		if got := client(&http.Request{RemoteAddr: address}); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
