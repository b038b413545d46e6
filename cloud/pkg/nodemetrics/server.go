package nodemetrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/exporter-toolkit/web"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/exposition"
)

// newHandler returns all pages: what tells something stands behind
// Config.Authorize, and the two that probes ask are open and tell nothing.
func (m *Module) newHandler() http.Handler {
	c := m.config.Load() // of which nothing here is live
	page := exposition.NewHandler(m.registry, exposition.HandlerOptions{
		Own:  m.metrics,
		Host: c.Host,
		HostError: func(err error) {
			m.metrics.hostErrors.Inc()
			klog.V(4).InfoS("Not all metrics of the process could be shown", "err", err)
		},
		MaxInFlight: c.MaxScrapes,
		Timeout:     c.ScrapeTimeout.Duration,
		Waiting:     func(r *http.Request, waits bool) { waiting(r.Context(), waits) },
		Written:     func(bytes int) { m.metrics.scrapes.pageSize.Set(float64(bytes)) },
	})
	closed := http.NewServeMux()
	closed.Handle("/metrics", withoutTurn(page))
	closed.Handle("/", m.statusPages())
	door := m.authorized(closed)

	mux := http.NewServeMux()
	mux.Handle("/metrics", m.metrics.scrapes.count(door))
	mux.Handle("/", door)
	probes := m.newProbes()
	mux.Handle("/healthz", probes)
	mux.Handle("/readyz", probes)
	return secured(mux)
}

// newProbes returns the two pages that tell nothing but a state.
func (m *Module) newProbes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !m.running.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// newServer bounds what those who ask can cost: their headers, their time, their
// idle connections.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          klogErrors(),
		ConnContext:       withConn,
	}
}

// serve serves the pages until ctx is done.
func (m *Module) serve(ctx context.Context) error {
	c := m.config.Load()
	if c.BindAddress == "" {
		return m.joinHost(ctx)
	}
	if err := c.checkWeb(); err != nil {
		return err
	}
	inner, err := net.Listen("tcp", c.BindAddress)
	if err != nil {
		return fmt.Errorf("%s.bindAddress: %w", section, err)
	}
	listener := newListener(inner, connectionsFor(c.MaxConnections), c.WriteTimeout.Duration, m.metrics.conns)
	defer listener.Close() // the toolkit leaves it open where it fails early
	server := newServer(m.passwords.letIn(m.handler))
	withoutHTTP2(server, c.WebConfigFile)
	boundStreams(server)
	// What the toolkit does for a request, who may not even read, is bounded too: it
	// reads the web configuration file anew, and checks a password.
	around(server, func(toolkit http.Handler) http.Handler {
		return bounded(openProbes(m.passwords.guard(toolkit), secured(m.newProbes())), c.WriteTimeout.Duration, m.turns)
	}, func() { m.served.Store(true) })
	klog.InfoS("Node metrics are served", "address", listener.Addr().String(), "path", "/metrics", "scheme", c.Scheme())

	served := make(chan error, 1)
	go func() { served <- serveWeb(web.Serve, listener, server, c.WebConfigFile) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Scrapes under way may end, but nobody waits long for them.
	const patience = time.Second
	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		_ = server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// keepServing is serve, tried again until ctx is done. What keeps it from serving
// is logged once, however long it lasts.
func (m *Module) keepServing(ctx context.Context) error {
	said := ""
	for ctx.Err() == nil {
		err := m.serve(ctx)
		if m.served.Swap(false) {
			said = ""
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if err.Error() != said {
			said = err.Error()
			klog.ErrorS(err, "Node metrics cannot be served, trying again until they can", "every", m.pause)
		}
		select {
		case <-ctx.Done():
		case <-time.After(m.pause):
		}
	}
	return nil
}

// serveWeb calls the web toolkit's Serve, whose logger is of one type up to
// version 0.12 and of another from 0.13 on. The trees that compile this module
// in have either, so the type is taken from the function.
func serveWeb[L any](serve func(net.Listener, *http.Server, *web.FlagConfig, L) error, l net.Listener, s *http.Server, configFile string) error {
	var logger L
	switch p := any(&logger).(type) {
	case *log.Logger:
		*p = log.NewNopLogger()
	case **slog.Logger:
		*p = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	addresses, systemd := []string{}, false
	return serve(l, s, &web.FlagConfig{WebListenAddresses: &addresses, WebSystemdSocket: &systemd, WebConfigFile: &configFile}, logger)
}
