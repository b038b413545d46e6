package statuspage

import (
	"net/http"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Host is who has the registry, and knows what the registry does not. Its methods
// may be called by any number of goroutines at once.
type Host interface {
	// Overview returns what there is to tell of the whole.
	Overview() Overview
	// Rejection returns the newest report of a node that was rejected; ok is
	// false if none is known.
	Rejection(node string) (r Rejection, ok bool)
}

// Overview is what a host tells of the whole, beside the counts of nodes.
type Overview struct {
	Version string `json:"version"`
	// ConfigFile is where the config was read, "" if that is nowhere.
	ConfigFile string `json:"configFile"`
	// ConfigError says why the file as it is now is refused; "" if it is the
	// one in force.
	ConfigError string `json:"configError"`
	// ConfigTime is when the config in force was taken up.
	ConfigTime time.Time `json:"configTime"`
	// Settings are those in force.
	Settings []Setting `json:"settings"`
	// Limits are those in force, and how much of each is used.
	Limits []Limit `json:"limits"`
	// Rejected are the reasons for which reports were rejected, Dropped those
	// for which samples were left out.
	Rejected []Problem `json:"rejected"`
	Dropped  []Problem `json:"dropped"`
}

// Setting is one value of the config.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Limit is a bound of the whole.
type Limit struct {
	Name  string  `json:"name"`
	Used  float64 `json:"used"`
	Limit float64 `json:"limit"`
}

// Problem is a reason for which something was not taken.
type Problem struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
	// Newest is the newest example; nil if none is kept.
	Newest *Example `json:"newest,omitempty"`
}

// Example is one of those that were not taken.
type Example struct {
	Time     time.Time `json:"time"`
	Resource string    `json:"resource"` // of the message
	Error    string    `json:"error"`
}

// Rejection is one report of a node that was rejected.
type Rejection struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
	Error  string    `json:"error"`
}

// New returns a handler of all pages. Paths that are none of them are answered
// with 404.
func New(nodes *registry.Registry, host Host) http.Handler {
	p := &pages{nodes: nodes, host: host, answers: newAnswers()}
	mux := http.NewServeMux()
	get := func(pattern string, page func(http.ResponseWriter, *http.Request)) {
		mux.Handle(pattern, p.bounded(page))
	}
	get("/{$}", p.overviewPage)
	get("/nodes", p.nodesPage)
	get("/nodes/", p.nodePage)
	get("/api/v1/status", p.overviewJSON)
	get("/api/v1/nodes", p.nodesJSON)
	get("/api/v1/nodes/", p.nodeJSON)
	get("/api/v1/openapi.json", p.openAPI)
	return mux
}

// pages are all pages.
type pages struct {
	nodes   *registry.Registry
	host    Host
	answers *answers
}

// bounded returns a page that takes GET and HEAD, and no more than atOnce of them.
func (p *pages) bounded(page func(http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		a := p.answers.begin(w)
		if a == nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests for status pages at once, try again", http.StatusServiceUnavailable)
			return
		}
		defer a.end()
		w.Header().Set("Cache-Control", "no-store")
		page(a, r)
	})
}
