package nodemetrics

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"sigs.k8s.io/yaml"
)

// around has the server ask what wrap makes of its handler. The web toolkit puts a
// handler of its own around that one when it begins to serve, which is before the
// server asks for its base context. Then begun is called.
func around(s *http.Server, wrap func(http.Handler) http.Handler, begun func()) {
	s.BaseContext = func(net.Listener) context.Context {
		begun()
		s.Handler = wrap(s.Handler)
		return context.Background()
	}
}

// openProbes returns closed, but lets /healthz and /readyz through to probes whatever
// closed asks for.
func openProbes(closed, probes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isProbe(r) {
			probes.ServeHTTP(w, r)
		} else {
			closed.ServeHTTP(w, r)
		}
	})
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
