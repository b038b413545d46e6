package statuspage

import (
	"slices"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// list is one page of the nodes that a query asks for.
type list struct {
	rows    []row // at most the query's limit
	known   int   // nodes, whatever the query
	matched int   // by search and state
	skipped int   // of those, how many stand before the first row
}

type row struct {
	registry.Look
	key int64
}

// list walks over all nodes once. It holds no more than its rows, and the names of
// one shard of the registry.
func (p *pages) list(q *query) *list {
	l := &list{rows: make([]row, 0, q.limit)}
	key := orders[q.sort]
	// compare is the order of the page. Of a query for what comes before a
	// cursor, the rows are kept the other way round, nearest first.
	compare := func(aKey int64, aName string, bKey int64, bName string) int {
		c := 0
		switch {
		case aKey < bKey:
			c = -1
		case aKey > bKey:
			c = 1
		default:
			c = strings.Compare(aName, bName)
		}
		if q.descending {
			c = -c
		}
		return c
	}
	turn := 1
	if q.before != nil {
		turn = -1
	}
	before := 0 // matching nodes that stand before the cursor
	p.nodes.Each(func(n *registry.Look) {
		l.known++
		if q.state != "" && n.State.String() != q.state || q.search != "" && !strings.Contains(strings.ToLower(n.Name), q.search) {
			return
		}
		l.matched++
		k := key(n)
		switch {
		case q.after != nil:
			if compare(k, n.Name, q.after.key, q.after.name) <= 0 {
				before++
				return
			}
		case q.before != nil:
			if compare(k, n.Name, q.before.key, q.before.name) >= 0 {
				return
			}
			before++
		}
		full := len(l.rows) == q.limit
		if full {
			last := &l.rows[len(l.rows)-1]
			if turn*compare(k, n.Name, last.key, last.Name) >= 0 {
				return
			}
			l.rows = l.rows[:len(l.rows)-1]
		}
		at, _ := slices.BinarySearchFunc(l.rows, 0, func(r row, _ int) int { return turn * compare(r.key, r.Name, k, n.Name) })
		kept := row{*n, k}
		kept.Name = strings.Clone(n.Name)
		l.rows = slices.Insert(l.rows, at, kept)
	})
	if q.before != nil {
		slices.Reverse(l.rows)
		l.skipped = before - len(l.rows)
	} else {
		l.skipped = before
	}
	return l
}

// more returns the cursors of the pages before and behind, nil where there is none.
func (l *list) more() (previous, next *cursor) {
	if len(l.rows) == 0 {
		return nil, nil
	}
	first, last := &l.rows[0], &l.rows[len(l.rows)-1]
	if l.skipped > 0 {
		previous = &cursor{first.key, first.Name}
	}
	if l.skipped+len(l.rows) < l.matched {
		next = &cursor{last.key, last.Name}
	}
	return previous, next
}
