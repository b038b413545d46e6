package nodemetrics

import (
	"errors"
	"net/http"

	"k8s.io/klog/v2"
)

// What [Config.Authorize] returns, alone or wrapped, for a request that it
// refuses. Any other error means that it could not tell.
var (
	// ErrUnauthenticated says that the request does not prove whose it is: status 401.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrForbidden says that whoever sent the request may not read: status 403.
	ErrForbidden = errors.New("forbidden")
)

// authorized returns h behind Config.Authorize. A request that is refused learns
// its status and nothing else, for the error may tell more than a stranger
// should know. Where nobody can tell, nobody gets in.
func (m *Module) authorized(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check := m.config.Load().Authorize
		if check == nil {
			h.ServeHTTP(w, r)
			return
		}
		turn := turnOf(r.Context())
		turn.give() // it may take a while
		waiting(r.Context(), true)
		err := check(r)
		turn.take()
		waiting(r.Context(), false)
		if err == nil {
			h.ServeHTTP(w, r)
			return
		}
		status := http.StatusServiceUnavailable
		switch {
		case errors.Is(err, ErrUnauthenticated):
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", "Bearer")
		case errors.Is(err, ErrForbidden):
			status = http.StatusForbidden
		}
		klog.V(4).InfoS("Request refused", "path", r.URL.Path, "status", status, "err", err)
		http.Error(w, http.StatusText(status), status)
	})
}
