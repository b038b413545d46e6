package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// query is which nodes to list, by the parameters of a request.
type query struct {
	search     string // in the name, whatever the case
	state      string // "", fresh, expired or pending
	sort       string
	descending bool
	limit      int
	after      *cursor // list what comes behind it
	before     *cursor // or what comes before it
}

// cursor is a place in the order of a list. It stays where it is whatever becomes
// of the nodes.
type cursor struct {
	key  int64
	name string
}

const (
	defaultLimit = 100
	mostLimit    = 1000
	mostSearch   = 300 // bytes
)

// orders are what lists can be sorted by. Nodes of the same key stand by name.
var orders = map[string]func(*registry.Look) int64{
	"name": func(*registry.Look) int64 { return 0 },
	"state": func(l *registry.Look) int64 {
		return [...]int64{registry.Expired: 0, registry.Pending: 1, registry.Fresh: 2}[l.State]
	},
	"received": func(l *registry.Look) int64 { return unix(l.Received.IsZero(), l.Received.UnixMilli()) },
	"expires":  func(l *registry.Look) int64 { return l.Expires.UnixMilli() },
	"interval": func(l *registry.Look) int64 { return l.Interval.Milliseconds() },
	"skew":     func(l *registry.Look) int64 { return l.Skew.Abs().Milliseconds() },
	"series":   func(l *registry.Look) int64 { return int64(l.Series) },
}

func unix(never bool, ms int64) int64 {
	if never {
		return 0
	}
	return ms
}

// parameters reads what stands behind the ? of a request. Each must be among those
// that are allowed, once: a slip of the pen would else go unseen.
func parameters(r *http.Request, allowed ...string) (url.Values, error) {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the parameters cannot be read: %w", err)
	}
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := v[name]
		switch {
		case slices.Contains(allowed, name):
			if len(values) > 1 {
				return nil, fmt.Errorf("%s: given %d times, must be given once", name, len(values))
			}
		case len(allowed) == 0:
			return nil, fmt.Errorf("%.40q, given as %.40q: no such parameter; there are none here", name, values[0])
		default:
			return nil, fmt.Errorf("%.40q, given as %.40q: no such parameter; there are %s", name, values[0], strings.Join(allowed, ", "))
		}
	}
	return v, nil
}

// parse reads the parameters of a list. The error names the parameter, its value and
// what it may be.
func parse(r *http.Request) (q query, err error) {
	v, err := parameters(r, "search", "state", "sort", "order", "limit", "after", "before")
	if err != nil {
		return q, err
	}
	q = query{search: strings.ToLower(v.Get("search")), state: v.Get("state"), sort: v.Get("sort"), limit: defaultLimit}
	if len(q.search) > mostSearch {
		return q, fmt.Errorf("search: %d bytes, must be at most %d", len(q.search), mostSearch)
	}
	switch q.state {
	case "", "fresh", "expired", "pending":
	default:
		return q, fmt.Errorf("state: %q, must be fresh, expired or pending", q.state)
	}
	if q.sort == "" {
		q.sort = "name"
	}
	if orders[q.sort] == nil {
		return q, fmt.Errorf("sort: %q, must be name, state, received, expires, interval, skew or series", q.sort)
	}
	switch order := v.Get("order"); order {
	case "", "ascending":
	case "descending":
		q.descending = true
	default:
		return q, fmt.Errorf("order: %q, must be ascending or descending", order)
	}
	if s := v.Get("limit"); s != "" {
		if q.limit, err = strconv.Atoi(s); err != nil || q.limit < 1 || q.limit > mostLimit {
			return q, fmt.Errorf("limit: %q, must be from 1 to %d", s, mostLimit)
		}
	}
	if q.after, err = parseCursor("after", v.Get("after")); err != nil {
		return q, err
	}
	if q.before, err = parseCursor("before", v.Get("before")); err != nil {
		return q, err
	}
	if q.after != nil && q.before != nil {
		return q, fmt.Errorf("after and before: only one of them can be given")
	}
	return q, nil
}

func parseCursor(parameter, s string) (*cursor, error) {
	if s == "" {
		return nil, nil
	}
	key, name, ok := strings.Cut(s, ":")
	n, err := strconv.ParseInt(key, 10, 64)
	if !ok || err != nil {
		return nil, fmt.Errorf("%s: %.40q is no cursor of an earlier answer", parameter, s)
	}
	return &cursor{n, name}, nil
}

func (c *cursor) String() string { return strconv.FormatInt(c.key, 10) + ":" + c.name }

// values are the parameters that make q, but for the cursors.
func (q *query) values() url.Values {
	v := url.Values{}
	if q.search != "" {
		v.Set("search", q.search)
	}
	if q.state != "" {
		v.Set("state", q.state)
	}
	if q.sort != "name" {
		v.Set("sort", q.sort)
	}
	if q.descending {
		v.Set("order", "descending")
	}
	if q.limit != defaultLimit {
		v.Set("limit", strconv.Itoa(q.limit))
	}
	return v
}
