package statuspage

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

//go:embed page
var files embed.FS

var templates = func() map[string]*template.Template {
	functions := template.FuncMap{
		"visible": visible, "clock": clock, "short": short, "grouped": grouped, "nodeURL": nodeURL,
		"number":  func(n int) string { return grouped(float64(n)) },
		"count":   func(n uint64) string { return grouped(float64(n)) },
		"ago":     func(now, t time.Time) string { return short(now.Sub(t)) },
		"left":    func(now, t time.Time) string { return short(t.Sub(now)) },
		"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") },
		"percent": func(l Limit) string { return fmt.Sprintf("%.0f %%", 100*l.Used/l.Limit) },
		"both": func(page map[string]any, where string) map[string]any {
			return map[string]any{"Page": page, "Where": where}
		},
		"share": func(l Limit) float64 { return l.Used / l.Limit },
	}
	all := map[string]*template.Template{}
	for _, name := range []string{"overview", "nodes", "node", "problem"} {
		all[name] = template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "page/layout.html", "page/"+name+".html"))
	}
	return all
}()

// nodeURL returns where a node's page is. A name that is no path of its own, such
// as "..", stands in a parameter.
func nodeURL(name string) string {
	if p := "/nodes/" + name; path.Clean(p) == p {
		return (&url.URL{Path: p}).EscapedPath()
	}
	return "/nodes/?name=" + url.QueryEscape(name)
}

// nodeName returns the node that a request is about.
func nodeName(r *http.Request, prefix string) string {
	if name := strings.TrimPrefix(r.URL.Path, prefix); name != "" {
		return name
	}
	return r.URL.Query().Get("name")
}

// page writes a page. It is made before any of it is sent, so that a reader that
// stalls holds nothing but its bytes.
func (p *pages) page(w http.ResponseWriter, status int, name string, data map[string]any) {
	data["Now"] = time.Now()
	var b bytes.Buffer
	if err := templates[name].Execute(&b, data); err != nil {
		http.Error(w, "the page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	// The form of the search leads to this same server.
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (p *pages) overviewPage(w http.ResponseWriter, _ *http.Request) {
	st := p.nodes.Stats()
	p.page(w, http.StatusOK, "overview", map[string]any{
		"Title": "Overview", "Stats": st, "Known": st.Fresh + st.Expired + st.Pending, "Host": p.host.Overview(),
	})
}

// column is one of the columns of the list of nodes.
type column struct {
	Title, Sort, URL string
	Numbers          bool
	Aria             string // aria-sort
}

func (p *pages) nodesPage(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r)
	if err != nil {
		p.problem(w, http.StatusBadRequest, "This list cannot be made", err.Error())
		return
	}
	l := p.list(&q)
	columns := []column{
		{Title: "Node", Sort: "name"}, {Title: "State", Sort: "state"}, {Title: "Last report", Sort: "received", Numbers: true},
		{Title: "Interval", Sort: "interval", Numbers: true}, {Title: "TTL left", Sort: "expires", Numbers: true},
		{Title: "Clock", Sort: "skew", Numbers: true}, {Title: "Series", Sort: "series", Numbers: true}, {Title: "Last rejected"},
	}
	for i := range columns {
		c := &columns[i]
		if c.Sort == "" {
			continue
		}
		turned := q
		turned.sort, turned.descending = c.Sort, false
		if c.Sort == q.sort {
			turned.descending = !q.descending
			c.Aria = map[bool]string{false: "ascending", true: "descending"}[q.descending]
		}
		c.URL = listURL(&turned, "", nil)
	}
	previous, next := l.more()
	p.page(w, http.StatusOK, "nodes", map[string]any{
		"Title": "Nodes", "Query": q, "Search": q.search, "State": q.state, "Sort": q.sort, "Descending": q.descending,
		"Columns": columns, "Rows": p.rows(l), "Known": l.known, "Matched": l.matched,
		"First": l.skipped + 1, "Last": l.skipped + len(l.rows),
		"PreviousURL": listURL(&q, "before", previous), "NextURL": listURL(&q, "after", next),
		"FirstURL": listURL(&q, "", nil), "Limit": q.limit, "DefaultLimit": defaultLimit,
	})
}

// listURL is the list of a query, from a cursor on; "" without the cursor that the
// parameter is for.
func listURL(q *query, parameter string, c *cursor) string {
	v := q.values()
	if parameter != "" {
		if c == nil {
			return ""
		}
		v.Set(parameter, c.String())
	}
	if len(v) == 0 {
		return "/nodes"
	}
	return "/nodes?" + v.Encode()
}

// shownNode is a node for the templates.
type shownNode struct {
	registry.Look
	Reported  bool
	ShowSkew  bool
	Rejection *Rejection
}

func (p *pages) shown(l *registry.Look) shownNode {
	n := shownNode{Look: *l, Reported: !l.Received.IsZero(), ShowSkew: l.Timed && l.State == registry.Fresh}
	if r, ok := p.host.Rejection(l.Name); ok {
		n.Rejection = &r
	}
	return n
}

func (p *pages) rows(l *list) []shownNode {
	rows := make([]shownNode, len(l.rows))
	for i := range l.rows {
		rows[i] = p.shown(&l.rows[i].Look)
	}
	return rows
}

func (p *pages) nodePage(w http.ResponseWriter, r *http.Request) {
	name := nodeName(r, "/nodes/")
	if name == "" {
		http.Redirect(w, r, "/nodes", http.StatusFound)
		return
	}
	l, families, lines, ok := p.nodes.Lookup(name)
	if !ok {
		p.problem(w, http.StatusNotFound, "No such node", "Nothing is known of a node called "+visible(shortened(name))+
			". It never reported here, it is connected to another cloudcore, or it was forgotten.")
		return
	}
	p.page(w, http.StatusOK, "node", map[string]any{
		"Title": visible(shortened(name)), "Node": p.shown(&l), "Families": samples(families, lines), "JSON": "/api/v1" + nodeURL(name),
	})
}

func shortened(s string) string {
	const most = 300
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func (p *pages) problem(w http.ResponseWriter, status int, title, text string) {
	p.page(w, status, "problem", map[string]any{"Title": title, "Text": text})
}
