package nodemetrics

import (
	_ "embed"
	"html/template"
	"net/http"

	"k8s.io/klog/v2"
)

//go:embed landing.html
var landingHTML string

var landingPage = template.Must(template.New("landing").Parse(landingHTML))

// landing shows a person what state the whole is in, and what was wrong with
// the newest rejected reports and dropped samples.
func (m *Module) landing(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err := landingPage.Execute(w, map[string]any{
		"Version":  Version(),
		"Stats":    m.registry.Stats(),
		"Config":   m.config.Load(),
		"Refusals": m.refusals.list(),
		"Drops":    m.drops.list(),
	})
	if err != nil {
		klog.V(4).InfoS("Landing page could not be written", "err", err)
	}
}
