package exposition

import (
	"net/http"
	"testing"
	"time"
)

func TestScrapeTimeout(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 30 * time.Second, "10": 10 * time.Second, "0.5": time.Second / 2, "1e1": 10 * time.Second,
		"30": 30 * time.Second, "31": 30 * time.Second, "1e300": 30 * time.Second, "Inf": 30 * time.Second,
		"0": 30 * time.Second, "-1": 30 * time.Second, "NaN": 30 * time.Second, "soon": 30 * time.Second,
	} {
		h := NewHandler(nil, HandlerOptions{}).(*handler)
		r := &http.Request{Header: http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {header}}}
		if got := h.timeout(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
