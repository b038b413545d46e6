//go:build go1.25

//go:debug asynctimerchan=0

package statuspage_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// TestGolden holds every page and answer to what it was, byte for byte but for the
// style. Its nodes are in each state; time stands still.
func TestGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry(t, registry.Options{NodeTTL: 3 * time.Minute, ExpectGrace: 5 * time.Minute})
		expect := func(node string) {
			if err := r.Expect(node); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		at := func(s float64) string { return fmt.Sprintf("%.3f", float64(start.Unix())+s) }
		expect("overdue")
		put(t, r, "silent", report(t, `{"timestamp":`+at(-1)+`,"intervalSeconds":60,"cpu":{"load1":1}}`))
		time.Sleep(4 * time.Minute)
		put(t, r, "slow", report(t, `{"timestamp":`+at(370)+`,"intervalSeconds":3600,"cpu":{"load1":2}}`))
		time.Sleep(90 * time.Second)
		expect("pending")
		put(t, r, "edge-1", report(t, `{"timestamp":`+at(329.5)+`,"intervalSeconds":30,"cpu":{"load1":0.25,"load5":"NaN"},
			"networks":[{"device":"eth0","up":true,"receiveBytesTotal":5},{"device":"a\"\\\n<b>","up":false}],"host":{"os":"linux","arch":"arm64"}}`))
		put(t, r, "Edge 2", report(t, `{"cpu":{"load1":-1.5e300}}`))
		time.Sleep(12500 * time.Millisecond)
		rejected := map[string]statuspage.Rejection{
			"edge-1":  {Reason: "not_json", Error: "a comma or } is expected", Time: start.Add(340 * time.Second)},
			"overdue": {Reason: "too_large", Error: "300000 bytes, the limit is 262144", Time: start},
		}
		h := statuspage.New(r, &host{rejected: rejected, overview: statuspage.Overview{
			Version: "v1.2.3", ConfigFile: "/etc/kubeedge/config/cloudcore.yaml", ConfigTime: start,
			Settings: []statuspage.Setting{{Name: "nodeTTL", Value: "3m0s"}, {Name: "topics", Value: "a, b"}},
			Limits:   []statuspage.Limit{{Name: "nodes", Used: 5, Limit: 20000}, {Name: "bytes", Used: 1.9e8, Limit: 2e8}},
			Rejected: []statuspage.Problem{{Reason: "late", Count: 1234567}, {Reason: "not_json", Count: 1,
				Newest: &statuspage.Example{Time: start.Add(340 * time.Second), Resource: "node/edge-1/x", Error: "a comma or } is expected"}}},
			Dropped: []statuspage.Problem{{Reason: "wrong_type", Count: 2}},
		}})
		empty := statuspage.New(newRegistry(t, registry.Options{}), &host{overview: statuspage.Overview{ConfigError: "nodeTTL: soon"}})
		pages := map[string]http.Handler{}
		for _, path := range []string{
			"/", "/nodes", "/nodes?state=fresh", "/nodes?search=EDGE", "/nodes?sort=skew&order=descending&limit=2", "/nodes?limit=2&after=0:edge-1",
			"/nodes?limit=2&before=0:slow&state=&search=s", "/nodes?sort=received&limit=3", "/nodes?sort=interval", "/nodes?sort=expires&order=descending",
			"/nodes?sort=series", "/nodes?sort=state", "/nodes?search=nothing", "/nodes?limit=0", "/nodes/edge-1", "/nodes/Edge%202", "/nodes/silent", "/nodes/slow",
			"/nodes/pending", "/nodes/overdue", "/nodes/none", "/nodes/", "/nodes/?name=slow", "/none", "/nodes/" + strings.Repeat("n", 300), "/nodes/" + strings.Repeat("n", 301),
			"/api/v1/status", "/api/v1/nodes", "/api/v1/nodes?sort=skew&limit=1&after=500:edge-1", "/api/v1/nodes/edge-1", "/api/v1/nodes/pending",
			"/api/v1/nodes/silent", "/api/v1/nodes/none", "/api/v1/nodes?limit=0", "/nodes?page=-1", "/api/v1/nodes?page=-1", "/api/v1/nodes?search=nothing", "/api/v1/nodes/?name=slow",
		} {
			pages[path] = h
		}
		const ofNone = " without nodes"
		pages["/"+ofNone], pages["/nodes"+ofNone], pages["/api/v1/status"+ofNone] = empty, empty, empty
		var b strings.Builder
		for _, path := range slices.Sorted(maps.Keys(pages)) {
			w := httptest.NewRecorder()
			pages[path].ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.TrimSuffix(path, ofNone), nil))
			fmt.Fprintf(&b, "==== GET %.80s\n%d", path, w.Code)
			for _, name := range slices.Sorted(maps.Keys(w.Header())) {
				fmt.Fprintf(&b, "\n%s: %s", name, w.Header()[name])
			}
			fmt.Fprintf(&b, "\n\n%s\n", styles.ReplaceAllString(w.Body.String(), ""))
		}
		const file = "testdata/pages.txt"
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, want := strings.Split(b.String(), "\n"), strings.Split(string(golden), "\n")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("from line %d on the pages are others than in %s (run with -update, and look at the difference):\n%s\nwant\n%s",
					i+1, file, strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n"), strings.Join(want[min(i, len(want)):min(i+3, len(want))], "\n"))
			}
		}
	})
}

var styles = regexp.MustCompile(`(?s)<style>.*</style>`)

// A query that is written into a link leads to the same list.
func TestLinksKeepTheQuery(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	for i := range 30 {
		put(t, r, fmt.Sprintf("edge-%02d", i), report(t, `{"cpu":{"load1":1}}`))
	}
	h := statuspage.New(r, &host{})
	for _, query := range []string{
		"search=edge&state=fresh&sort=series&order=descending&limit=7", "search=EDGE-1&limit=3", "state=fresh&limit=5", "sort=state&limit=9", "order=descending&limit=4", "",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, page := get(t, h, "/nodes?"+query)
		next := regexp.MustCompile(`<a href="([^"]*)" rel="next">`).FindStringSubmatch(page)
		if query == "" {
			if next != nil {
				t.Errorf("30 nodes have a next page: %s", next[1])
			}
			continue
		}
		if next == nil {
			t.Fatalf("%s: no next page", query)
		}
		link, err := url.Parse(strings.ReplaceAll(next[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		got := link.Query()
		if got.Get("after") == "" {
			t.Errorf("%s: the next page is %s", query, link)
		}
		got.Del("after")
		values.Set("search", strings.ToLower(values.Get("search")))
		for _, name := range []string{"search", "state", "sort", "order", "limit"} {
			if got.Get(name) != values.Get(name) {
				t.Errorf("%s: the next page has %s=%q, want %q", query, name, got.Get(name), values.Get(name))
			}
		}
	}
}

// One that is refused for too many at once is told when to come again, and other
// methods which there are.
func TestRefusals(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 4)
	h := statuspage.New(newRegistry(t, registry.Options{}), &busy{entered: entered, release: release})
	done := make(chan int)
	for range 4 {
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			done <- w.Code
		}()
		<-entered
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/nodes", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "too many requests") {
		t.Errorf("a fifth: %d %v %s", w.Code, w.Header(), w.Body)
	}
	close(release)
	for range 4 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("one of four: %d", code)
		}
	}
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/nodes", nil))
		if w.Code != want || (want == 405) != (w.Header().Get("Allow") == "GET, HEAD") || (want == 405) != strings.Contains(w.Body.String(), "only GET and HEAD") {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
}

// busy is a host that answers when it is released.
type busy struct {
	host
	entered, release chan struct{}
}

func (b *busy) Overview() statuspage.Overview {
	b.entered <- struct{}{}
	<-b.release
	return statuspage.Overview{}
}
