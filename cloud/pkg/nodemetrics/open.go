package nodemetrics

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"sigs.k8s.io/yaml"
)

// openProbes lets /healthz and /readyz through to h whatever the server's handler
// asks for. The web toolkit puts basic auth before all pages when it begins to
// serve, which is before the server asks for its base context. Then begun is called.
func openProbes(s *http.Server, h http.Handler, begun func()) {
	s.BaseContext = func(net.Listener) context.Context {
		begun()
		closed := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isProbe(r) {
				h.ServeHTTP(w, r)
			} else {
				closed.ServeHTTP(w, r)
			}
		})
		return context.Background()
	}
}

// withoutHTTP2 turns HTTP/2 off, unless the web configuration file asks for it by
// http_server_config.http2: true. The toolkit's default is on, but a scraper gains
// nothing by it, and it lets one connection ask for hundreds of pages at once.
func withoutHTTP2(s *http.Server, webConfigFile string) {
	var c struct {
		HTTP struct {
			HTTP2 bool `json:"http2"`
		} `json:"http_server_config"`
	}
	if data, err := readFile(webConfigFile); err == nil {
		_ = yaml.Unmarshal(data, &c) // what is wrong with it, the toolkit says
	}
	if !c.HTTP.HTTP2 {
		s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
}
