package main

import (
	"strings"
	"sync"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

// sessionGrace is how long cloudhub may take to announce a session that already
// reports, and how long after its end a report of it may still be on its way.
const sessionGrace = 10 * time.Second

// strangers counts the reports in the name of a node that has no session.
//
// With cloudHub.authorization KubeEdge announces no session for a connection
// whose certificate is another node's, but it leaves the connection open, and
// what comes by it reaches the router (cloudhub/handler/message_handler.go,
// HandleConnection returns; viaduct/pkg/server/ws.go serves all the same). So
// such a report shows here, as long as the node that it names is away. A message
// does not tell by whose certificate it came: while that node has a session of
// its own, nothing shows.
//
// They are counted and not refused: were one announcement lost, a node's reports
// would be too, until it reconnects.
type strangers struct {
	total prometheus.Counter
	after func(time.Duration, func()) // calls later

	mu     sync.Mutex
	open   map[string]bool // nodes with a session
	late   map[string]bool // nodes whose session ended a short time ago
	waits  map[string]int  // reports of nodes without one, in the grace
	warned map[string]bool // nodes without one that the log has named
}

func newStrangers() *strangers {
	return &strangers{
		total: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nodemetrics_sessionless_reports_total",
			Help: "Reports in the name of a node that has no session with this cloudcore: with cloudHub.authorization, by another node's certificate.",
		}),
		after:  func(d time.Duration, f func()) { time.AfterFunc(d, f) },
		open:   make(map[string]bool),
		late:   make(map[string]bool),
		waits:  make(map[string]int),
		warned: make(map[string]bool),
	}
}

// watch returns a handler that looks at each message before the given one does.
func (s *strangers) watch(handle listener.Handle) listener.Handle {
	return func(message interface{}) (interface{}, error) {
		if m, ok := message.(*model.Message); ok {
			if rest, ok := strings.CutPrefix(m.GetResource(), model.ResourceTypeNode+"/"); ok {
				node, _, _ := strings.Cut(rest, "/")
				s.reported(node)
			}
		}
		return handle(message)
	}
}

// reported notes a report of the node.
func (s *strangers) reported(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[node] || s.late[node] {
		return
	}
	if s.waits[node]++; s.waits[node] == 1 {
		s.after(sessionGrace, func() { s.judge(node) })
	}
}

// judge counts the node's reports of the grace, unless it has a session now.
func (s *strangers) judge(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.waits[node]
	delete(s.waits, node)
	if s.open[node] || n == 0 {
		return
	}
	s.total.Add(float64(n))
	if !s.warned[node] {
		s.warned[node] = true
		klog.ErrorS(nil, "Reports in the name of a node that has no session: another node's certificate, perhaps. See docs/security.md", "node", node, "reports", n)
	}
}

// began and ended are told of the first session of a node, and of the last one's
// end.
func (s *strangers) began(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[node] = true
	delete(s.waits, node)
	delete(s.warned, node)
}

func (s *strangers) ended(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, node)
	s.late[node] = true
	s.after(sessionGrace, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.late, node)
	})
}

// forget keeps nothing more of a node that was deleted, save that it has a session.
func (s *strangers) forget(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waits, node)
	delete(s.warned, node)
}
