package statuspage

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// openapi describes the API.
//
//go:embed openapi.json
var openapi []byte

func (p *pages) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openapi)
}

// nodeStatus is a node for the API. What is not known is null.
type nodeStatus struct {
	Name            string     `json:"name"`
	State           string     `json:"state"`
	Expected        bool       `json:"expected"`
	LastReport      *time.Time `json:"lastReport"`
	AgeSeconds      *float64   `json:"ageSeconds"`
	IntervalSeconds *float64   `json:"intervalSeconds"`
	Expires         time.Time  `json:"expires"`
	TTLLeftSeconds  float64    `json:"ttlLeftSeconds"`
	SkewSeconds     *float64   `json:"skewSeconds"`
	Series          int        `json:"series"`
	LastRejection   *Rejection `json:"lastRejection"`
	Families        []family   `json:"families,omitempty"`
}

func (p *pages) status(l *registry.Look, now time.Time) nodeStatus {
	s := nodeStatus{Name: l.Name, State: l.State.String(), Expected: l.Expected, Series: l.Series,
		Expires: l.Expires.UTC().Truncate(time.Millisecond), TTLLeftSeconds: millis(l.Expires.Sub(now))}
	if !l.Received.IsZero() {
		received, age := l.Received.UTC().Truncate(time.Millisecond), millis(now.Sub(l.Received))
		s.LastReport, s.AgeSeconds = &received, &age
	}
	if l.Interval > 0 {
		v := millis(l.Interval)
		s.IntervalSeconds = &v
	}
	if l.Timed && l.State == registry.Fresh {
		v := millis(l.Skew)
		s.SkewSeconds = &v
	}
	if r, ok := p.host.Rejection(l.Name); ok {
		s.LastRejection = &r
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d.Milliseconds()) / 1e3 }

func (p *pages) nodesJSON(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	l := p.list(&q)
	previous, next := l.more()
	answer := struct {
		Known    int          `json:"known"`
		Matched  int          `json:"matched"`
		Skipped  int          `json:"skipped"`
		Previous string       `json:"previous,omitempty"`
		Next     string       `json:"next,omitempty"`
		Nodes    []nodeStatus `json:"nodes"`
	}{Known: l.known, Matched: l.matched, Skipped: l.skipped, Nodes: []nodeStatus{}}
	if previous != nil {
		answer.Previous = previous.String()
	}
	if next != nil {
		answer.Next = next.String()
	}
	now := time.Now()
	for i := range l.rows {
		answer.Nodes = append(answer.Nodes, p.status(&l.rows[i].Look, now))
	}
	reply(w, http.StatusOK, answer)
}

func (p *pages) nodeJSON(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/api/v1/nodes/")
	var allowed []string
	if name == "" { // one that is no path of its own
		allowed = []string{"name"}
	}
	if _, err := parameters(r, allowed...); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	name = nodeName(r, "/api/v1/nodes/")
	l, families, lines, ok := p.nodes.Lookup(name)
	if !ok {
		fail(w, http.StatusNotFound, "no such node is known")
		return
	}
	s := p.status(&l, time.Now())
	s.Families = samples(families, lines)
	reply(w, http.StatusOK, s)
}

func (p *pages) overviewJSON(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	st := p.nodes.Stats()
	reply(w, http.StatusOK, struct {
		Nodes  map[string]int `json:"nodes"`
		Series int            `json:"series"`
		Overview
	}{map[string]int{"fresh": st.Fresh, "expired": st.Expired, "pending": st.Pending}, st.Series, p.host.Overview()})
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"error": message})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the reader is gone
}
