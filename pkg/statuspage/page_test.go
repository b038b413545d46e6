package statuspage_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

// Names that an edge may choose.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "edge-\u202efdp.exe", "a\u200bb", " leading", "line\nfeed",
	"{{.}}", "..", ".", "a//b", "a/../b", "a/", "50%", "a?b#c", "%2e%2e", strings.Repeat("x", 253), "łódź-节点-🚀", "javascript:alert(1)", "&amp;",
}

// host is a Host with fixed answers.
type host struct {
	overview statuspage.Overview
	rejected map[string]statuspage.Rejection
}

func (h *host) Overview() statuspage.Overview { return h.overview }

func (h *host) Rejection(node string) (statuspage.Rejection, bool) {
	r, ok := h.rejected[node]
	return r, ok
}

func newRegistry(tb testing.TB, o registry.Options) *registry.Registry {
	tb.Helper()
	r, err := registry.New(o, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// report decodes a message.
func report(tb testing.TB, message string) *mapping.Report {
	tb.Helper()
	d, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	var r mapping.Report
	if err := d.Decode(message, &r); err != nil {
		tb.Fatal(err)
	}
	return &r
}

func put(tb testing.TB, r *registry.Registry, node string, report *mapping.Report) {
	tb.Helper()
	if err := r.Put(node, report); err != nil {
		tb.Fatal(err)
	}
}

// get returns a page's status and text.
func get(tb testing.TB, h http.Handler, path string) (int, string) {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func getJSON(tb testing.TB, h http.Handler, path string, into any) {
	tb.Helper()
	status, text := get(tb, h, path)
	if status != http.StatusOK {
		tb.Fatalf("%s: %d %s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		tb.Fatalf("%s: %v in %s", path, err, text)
	}
}

type nodeList struct {
	Known, Matched, Skipped int
	Previous, Next          string
	Nodes                   []struct{ Name, State string }
}

func (l *nodeList) names() (names []string) {
	for _, n := range l.Nodes {
		names = append(names, n.Name)
	}
	return names
}

// TestHostileNames follows the link of every node to its page: no name gets out of
// its place, none is lost, and each leads to itself.
func TestHostileNames(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	for _, name := range hostile {
		put(t, r, name, report(t, `{"cpu":{"load1":0.5},"networks":[{"device":"<b>\"\\\u202e","up":true}]}`))
	}
	h := statuspage.New(r, &host{rejected: map[string]statuspage.Rejection{hostile[0]: {Reason: "wrong_type", Error: "<i>\u202e", Time: time.Now()}}})
	_, page := get(t, h, "/nodes")
	for _, bad := range []string{"<script", "<img", "<i>", "\u202e", "\u200b", `"javascript:`, "onerror=alert(1)>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the list has %q", bad)
		}
	}
	links := regexp.MustCompile(`<bdi><a href="([^"]*)">`).FindAllStringSubmatch(page, -1)
	if len(links) != len(hostile) {
		t.Fatalf("%d links, want %d", len(links), len(hostile))
	}
	// The server that the handler stands in cleans paths first.
	mux := http.NewServeMux()
	mux.Handle("/", h)
	reached := map[string]bool{}
	for _, link := range links {
		path := html.UnescapeString(link[1])
		status, text := get(t, mux, path)
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
			continue
		}
		for _, bad := range []string{"<script", "<img", "<b>", "<i>", "\u202e", "\u200b"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
		if !strings.Contains(text, `device="&lt;b&gt;&#34;\‹U&#43;202E›"`) {
			t.Errorf("%s does not show its label", path)
		}
		var node struct {
			Name     string
			Families []struct {
				Name    string
				Samples []struct {
					Labels map[string]string
					Value  string
				}
			}
		}
		getJSON(t, mux, "/api/v1"+path, &node)
		reached[node.Name] = true
		for _, f := range node.Families {
			if f.Name == "edge_node_network_up" && f.Samples[0].Labels["device"] != "<b>\"\\\u202e" {
				t.Errorf("%s: the device is %q", path, f.Samples[0].Labels["device"])
			}
		}
	}
	for _, name := range hostile {
		if !reached[name] {
			t.Errorf("no link leads to %q", name)
		}
	}
}

// TestList goes through every order, both ways and page by page, and compares with
// all nodes sorted at once.
func TestList(t *testing.T) {
	r := newRegistry(t, registry.Options{ExpectGrace: time.Hour})
	type known struct {
		name   string
		series int
		state  string
	}
	var all []known
	for i := range 57 {
		name := fmt.Sprintf("Edge-%02d", i*37%57)
		message := `{"cpu":{"load1":1}}`
		series := 3
		if i%3 == 0 {
			message, series = `{"cpu":{"load1":1,"load5":2}}`, 4
		}
		if i%10 == 9 {
			if err := r.Expect(name); err != nil {
				t.Fatal(err)
			}
			all = append(all, known{name, 0, "pending"})
			continue
		}
		rep := report(t, message)
		rep.Interval = 0
		put(t, r, name, rep)
		all = append(all, known{name, series, "fresh"})
	}
	h := statuspage.New(r, &host{})
	for _, sort := range []string{"name", "series", "state"} {
		for _, order := range []string{"ascending", "descending"} {
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b known) int {
				c := strings.Compare(a.name, b.name)
				switch {
				case sort == "series" && a.series != b.series:
					c = a.series - b.series
				case sort == "state" && a.state != b.state:
					c = strings.Compare(b.state, a.state) // pending before fresh
				}
				if order == "descending" {
					c = -c
				}
				return c
			})
			query := url.Values{"sort": {sort}, "order": {order}, "limit": {"10"}}
			var pages [][]string
			for i := 0; ; i++ {
				var l nodeList
				getJSON(t, h, "/api/v1/nodes?"+query.Encode(), &l)
				if l.Known != 57 || l.Matched != 57 || l.Skipped != 10*i {
					t.Fatalf("%s %s, page %d: %d known, %d matched, %d skipped", sort, order, i, l.Known, l.Matched, l.Skipped)
				}
				for j, n := range l.Nodes {
					if n.Name != want[10*i+j].name {
						t.Fatalf("%s %s: node %d is %s, want %s", sort, order, 10*i+j, n.Name, want[10*i+j].name)
					}
				}
				if (l.Previous == "") != (i == 0) {
					t.Errorf("page %d has the previous page %q", i, l.Previous)
				}
				pages = append(pages, l.names())
				if l.Next == "" {
					for k := i - 1; k >= 0; k-- { // and back
						query.Del("after")
						query.Set("before", l.Previous)
						l = nodeList{}
						getJSON(t, h, "/api/v1/nodes?"+query.Encode(), &l)
						if !slices.Equal(l.names(), pages[k]) || l.Skipped != 10*k {
							t.Fatalf("%s %s, back on page %d: %v, %d skipped", sort, order, k, l.names(), l.Skipped)
						}
					}
					break
				}
				query.Set("after", l.Next)
			}
			if len(pages) != 6 {
				t.Errorf("%d pages, want 6", len(pages))
			}
		}
	}
	for query, want := range map[string]int{
		"search=EDGE-0": 10, "search=-1&state=pending": 0, "state=pending": 5, "state=fresh": 52, "state=expired": 0, "search=nowhere": 0, "search=": 57,
	} {
		var l nodeList
		getJSON(t, h, "/api/v1/nodes?"+query, &l)
		switch {
		case query == "search=-1&state=pending":
			for _, n := range l.Nodes {
				if !strings.Contains(n.Name, "-1") || n.State != "pending" {
					t.Errorf("%s has %v", query, n)
				}
			}
		case l.Matched != want:
			t.Errorf("%s matches %d nodes, want %d", query, l.Matched, want)
		}
	}
}

// TestWrongQueries names the parameter that is wrong, on the page as in the answer.
func TestWrongQueries(t *testing.T) {
	h := statuspage.New(newRegistry(t, registry.Options{}), &host{})
	for query, want := range map[string]string{
		"state=up": "state:", "sort=colour": "sort:", "order=up": "order:", "limit=0": "limit:", "limit=1001": "limit:", "limit=x": "limit:",
		"after=x": "after:", "before=1": "before:", "after=1:a&before=1:a": "only one",
		"page=-1": "page", "page=x": "there are search, state, sort, order, limit, after, before", "State=fresh": "State", "=": "there are",
		"state=fresh&state=expired": "state: given 2 times", "search=%zz": "cannot be read", "limit=5;page=2": "cannot be read", "search=" + strings.Repeat("x", 301): "search:",
	} {
		for _, path := range []string{"/nodes?", "/api/v1/nodes?"} {
			if status, text := get(t, h, path+query); status != http.StatusBadRequest || !strings.Contains(text, want) {
				t.Errorf("%s%s: %d %s", path, query, status, text)
			}
		}
	}
	for path, want := range map[string]string{
		"status?page=-1": "there are none here", "nodes/edge-1?sort=name": "there are none here",
		"nodes/edge-1?name=edge-2": "there are none here", "nodes/?name=edge-1&state=fresh": "there are name",
	} {
		if status, text := get(t, h, "/api/v1/"+path); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for _, query := range []string{"limit=1", "limit=1000", "search=" + strings.Repeat("x", 300), "order=ascending", "after=-1:a", "before=0:", "after=&before="} {
		if status, text := get(t, h, "/api/v1/nodes?"+query); status != http.StatusOK {
			t.Errorf("%s: %d %s", query, status, text)
		}
	}
	for _, path := range []string{"/nodes/stranger", "/api/v1/nodes/stranger", "/nothing", "/nodes/%2e%2e%2fx", "/api/v1/"} {
		if status, _ := get(t, h, path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/nodes", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// TestOneNode shows a node in each state.
func TestOneNode(t *testing.T) {
	r := newRegistry(t, registry.Options{ExpectGrace: time.Hour})
	rep := report(t, `{"timestamp":1,"intervalSeconds":60,"cpu":{"load1":0.25}}`)
	put(t, r, "up", rep)
	if err := r.Expect("to-come"); err != nil {
		t.Fatal(err)
	}
	h := statuspage.New(r, &host{rejected: map[string]statuspage.Rejection{"up": {Reason: "wrong_type", Error: "load1 is a list", Time: time.Now()}}})
	_, text := get(t, h, "/nodes/up")
	for _, want := range []string{"fresh", "1m", "edge_node_load1", "0.25", "load1 is a list", "behind cloudcore", "edge_node_up"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of up lacks %q", want)
		}
	}
	_, text = get(t, h, "/nodes/to-come")
	for _, want := range []string{"pending", "never", "no report is known"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of to-come lacks %q", want)
		}
	}
	var node map[string]any
	getJSON(t, h, "/api/v1/nodes/to-come", &node)
	for _, field := range []string{"lastReport", "ageSeconds", "intervalSeconds", "skewSeconds", "lastRejection"} {
		if v, ok := node[field]; !ok || v != nil {
			t.Errorf("%s of a node without a report is %v", field, v)
		}
	}
}

// TestOverview shows all that a host tells.
func TestOverview(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	put(t, r, "n", report(t, `{"cpu":{"load1":1}}`))
	h := statuspage.New(r, &host{overview: statuspage.Overview{
		Version: "v9", ConfigFile: "/etc/kubeedge/nodemetrics.yaml", ConfigError: "nodeTTL: <soon>", ConfigTime: time.Unix(0, 0),
		Settings: []statuspage.Setting{{Name: "nodeTTL", Value: "3m"}},
		Limits:   []statuspage.Limit{{Name: "nodes", Used: 1, Limit: 20000}},
		Rejected: []statuspage.Problem{{Reason: "wrong_type", Count: 1234, Newest: &statuspage.Example{Time: time.Unix(0, 0), Resource: "node/a\u202e/x", Error: "<load>"}}, {Reason: "late", Count: 5}},
		Dropped:  []statuspage.Problem{{Reason: "number_range", Count: 7}},
	}})
	_, text := get(t, h, "/")
	for _, want := range []string{"v9", "/etc/kubeedge/nodemetrics.yaml", "nodeTTL: &lt;soon&gt;", "3m", "20\u202f000", "1\u202f234", "node/a‹U&#43;202E›/x", "&lt;load&gt;", "number_range", "refused", "late"} {
		if !strings.Contains(text, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	var status struct {
		Nodes       map[string]int
		Series      int
		ConfigError string
		Rejected    []statuspage.Problem
	}
	getJSON(t, h, "/api/v1/status", &status)
	if status.Nodes["fresh"] != 1 || status.Series != 3 || status.ConfigError != "nodeTTL: <soon>" || status.Rejected[0].Count != 1234 {
		t.Errorf("the status is %+v", status)
	}
}

// unread is an answer that nobody reads until it is cut.
type unread struct {
	*httptest.ResponseRecorder
	writing, cut chan struct{}
}

func (u *unread) Write([]byte) (int, error) {
	close(u.writing)
	<-u.cut
	return 0, os.ErrDeadlineExceeded
}

func (u *unread) SetWriteDeadline(t time.Time) error {
	if t.Before(time.Now()) {
		close(u.cut)
	}
	return nil
}

// However many answers nobody reads, the next one has its page: it cuts the one that
// nobody has read for longest.
func TestUnreadAnswers(t *testing.T) {
	for _, path := range []string{"/", "/nodes", "/api/v1/nodes", "/api/v1/status", "/nodes/n", "/api/v1/nodes/n"} {
		h := statuspage.New(newRegistry(t, registry.Options{}), &host{})
		var all []*unread
		for range 4 {
			u := &unread{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
			all = append(all, u)
			go h.ServeHTTP(u, httptest.NewRequest(http.MethodGet, path, nil))
			<-u.writing
		}
		code := 0
		for begin := time.Now(); code != http.StatusOK && time.Since(begin) < 30*time.Second; {
			code, _ = get(t, h, "/") // 503 until one has stalled for long enough
		}
		select {
		case <-all[0].cut:
		default:
			t.Errorf("%s: beside 4 answers that nobody reads: %d, and the first of them is not cut", path, code)
			close(all[0].cut)
		}
		for _, u := range all[1:] {
			select {
			case <-u.cut:
				t.Errorf("%s: more than one was cut", path)
			default:
				close(u.cut)
			}
		}
	}
}

// TestBusy answers no more than a few requests at once.
func TestBusy(t *testing.T) {
	release := make(chan struct{})
	h := statuspage.New(newRegistry(t, registry.Options{}), &slow{entered: make(chan struct{}, 10), release: release})
	done := make(chan int, 10)
	for range 10 {
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			done <- w.Code
		}()
	}
	refused := 0
	for range 6 {
		if <-done == http.StatusServiceUnavailable {
			refused++
		}
	}
	close(release)
	answered := 0
	for range 4 {
		if <-done == http.StatusOK {
			answered++
		}
	}
	if refused != 6 || answered != 4 {
		t.Errorf("%d refused and %d answered, want 6 and 4", refused, answered)
	}
}

type slow struct {
	host
	entered, release chan struct{}
}

func (s *slow) Overview() statuspage.Overview {
	<-s.release
	return statuspage.Overview{}
}
