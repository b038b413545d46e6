package main

import (
	"strings"
	"testing"

	"github.com/kubeedge/beehive/pkg/core/model"
	hubcommon "github.com/kubeedge/kubeedge/cloud/pkg/cloudhub/common"
	hub "github.com/kubeedge/kubeedge/cloud/pkg/cloudhub/common/model"
)

// session returns cloudhub's own event about a session of a node.
func session(node string, connected bool) *model.Message {
	return hubcommon.ConstructConnectMessage(&hub.HubInfo{NodeID: node}, connected)
}

// upload returns a message as the router gets it from cloudhub.
func upload(node, topic string) *model.Message {
	message := model.NewMessage("")
	message.BuildRouter(routeSource, "user", "node/"+node+"/"+topic, model.UploadOperation)
	message.FillBody([]byte(`{}`))
	return message
}

func TestSessions(t *testing.T) {
	status := model.NewMessage("")
	status.BuildRouter("edged", "resource", "node/edge-1/default/nodestatus/edge-1", model.UpdateOperation)

	// The words of cloudhub's own events, by others.
	byEdge, byController := session("edge-1", true), session("edge-1", false)
	byEdge.Router.Source = "edged"
	byController.Router.Source = "edgecontroller"
	// cloudhub's, of another resource.
	of := func(resource string) *model.Message {
		message := session("edge-2", true)
		message.Router.Resource = resource
		return message
	}

	tests := map[string]struct {
		messages []*model.Message
		events   string
		open     int
	}{
		"a session begins": {
			messages: []*model.Message{session("edge-1", true)},
			events:   "+edge-1",
			open:     1,
		},
		"a session ends": {
			messages: []*model.Message{session("edge-1", true), session("edge-1", false)},
			events:   "+edge-1 -edge-1",
		},
		"the old session ends after the new one began": {
			messages: []*model.Message{session("edge-1", true), session("edge-1", true), session("edge-1", false)},
			events:   "+edge-1",
			open:     1,
		},
		"the end arrives before the beginning": {
			messages: []*model.Message{session("edge-1", false), session("edge-1", true)},
			events:   "-edge-1",
		},
		"two nodes": {
			messages: []*model.Message{session("edge-1", true), session("edge-2", true), session("edge-2", false)},
			events:   "+edge-1 +edge-2 -edge-2",
			open:     1,
		},
		"the same words, but not cloudhub's": {
			messages: []*model.Message{session("edge-2", true), byEdge, byController},
			events:   "+edge-2",
			open:     1,
		},
		"what is no node's session": {
			messages: []*model.Message{session("", true), session("edge-1/2", true), session("edge-1", true), of("nodes/edge-2"), of("edge-2")},
			events:   "+edge-1",
			open:     1,
		},
		"what nodes say themselves": {
			messages: []*model.Message{status, upload("edge-1", "disconnected"), {}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var events []string
			sessions := newSessions(
				func(node string) { events = append(events, "+"+node) },
				func(node string) { events = append(events, "-"+node) },
			)
			for _, message := range test.messages {
				sessions.observe(message)
			}
			if got := strings.Join(events, " "); got != test.events {
				t.Errorf("began and ended: got %q, want %q", got, test.events)
			}
			if got := len(sessions.open); got != test.open {
				t.Errorf("nodes with a session: got %d, want %d", got, test.open)
			}
		})
	}
}

func TestSessionsKeepNothingOverReconnects(t *testing.T) {
	sessions := newSessions(func(string) {}, func(string) {})
	for turn := 0; turn < 1000; turn++ {
		sessions.observe(session("edge-1", true))
		sessions.observe(session("edge-1", false))
	}
	if len(sessions.open) != 0 {
		t.Errorf("after 1,000 sessions: %v", sessions.open)
	}
}

func BenchmarkSessionsForeignMessage(b *testing.B) {
	message := model.NewMessage("")
	message.BuildRouter("edged", "resource", "node/edge-1/default/nodestatus/edge-1", model.UpdateOperation)
	sessions := newSessions(func(string) {}, func(string) {})
	b.ReportAllocs()
	for b.Loop() {
		sessions.observe(message)
	}
}
