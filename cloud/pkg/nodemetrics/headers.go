package nodemetrics

import "net/http"

// secured returns h with headers that keep a browser from taking a page, which
// shows what strangers at the edge chose, for anything but what it is. The pages
// need no script, and no page of another site may show them.
func secured(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set := func(name, value string) {
			if w.Header().Get(name) == "" { // else the web configuration file has its own
				w.Header().Set(name, value)
			}
		}
		set("X-Content-Type-Options", "nosniff")
		set("X-Frame-Options", "DENY")
		set("Referrer-Policy", "no-referrer")
		set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.ServeHTTP(w, r)
	})
}
