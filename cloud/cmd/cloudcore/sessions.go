package main

import (
	"strings"

	"github.com/kubeedge/beehive/pkg/core/model"
	hub "github.com/kubeedge/kubeedge/cloud/pkg/cloudhub/common/model"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/modules"
)

// sessions counts the sessions of every node from what cloudhub announces when
// a session begins and when it ends.
//
// Counting, rather than believing the last event, is what makes it right: when a
// node reconnects, its old session often ends after the new one began, and
// beehive does not keep messages in order anyway. A sum does not mind.
//
// It is not safe for concurrent use.
type sessions struct {
	began func(node string)
	ended func(node string)
	open  map[string]int
}

func newSessions(began, ended func(node string)) *sessions {
	return &sessions{began: began, ended: ended, open: make(map[string]int)}
}

// observe takes any message of the group; all but cloudhub's own events about
// sessions pass without a trace.
func (s *sessions) observe(message *model.Message) {
	if message.GetSource() != modules.CloudHubModuleName {
		return
	}
	node, ok := strings.CutPrefix(message.GetResource(), model.ResourceTypeNode+"/")
	if !ok || node == "" || strings.Contains(node, "/") {
		return
	}
	switch message.GetOperation() {
	case hub.OpConnect:
		if s.count(node, 1) == 1 {
			s.began(node)
		}
	case hub.OpDisConnect:
		if s.count(node, -1) <= 0 {
			s.ended(node)
		}
	}
}

// count adds to a node's number of sessions and keeps nothing for a node that
// has none.
func (s *sessions) count(node string, change int) int {
	n := s.open[node] + change
	if n == 0 {
		delete(s.open, node)
	} else {
		s.open[node] = n
	}
	return n
}
