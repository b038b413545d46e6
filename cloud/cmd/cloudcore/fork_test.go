package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"github.com/prometheus/client_golang/prometheus"
)

// TestForkWithItsOwnHandler is what a fork does that has patched the router to
// take messages of all nodes under one key: the module stands where the fork's
// own handler stood, and the node's name is read from the payload.
func TestForkWithItsOwnHandler(t *testing.T) {
	config := nodemetrics.DefaultConfig()
	config.Identity = nodemetrics.IdentityPayload
	config.NodeNameField = "nodeName"
	config.Host = prometheus.NewRegistry()
	module, err := nodemetrics.New(config)
	if err != nil {
		t.Fatal(err)
	}
	var handle listener.Handle = module.Handle
	handled := make(chan error, 1)
	router := &listener.MessageHandler{}
	router.AddListener("bus/node/monitor", listener.Handle(func(message interface{}) (interface{}, error) {
		response, err := handle(message)
		handled <- err
		return response, err
	}))

	message := model.NewMessage("")
	message.BuildRouter("bus", "user", "node/monitor", model.UploadOperation)
	message.FillBody([]byte(`{"nodeName": "edge-7", "cpu": {"load1": 0.5}}`))
	if err := router.HandleMessage(message); err != nil {
		t.Fatal(err)
	}
	if err := <-handled; err != nil {
		t.Fatal(err)
	}

	page := httptest.NewRecorder()
	module.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	if want := `edge_node_load1{node="edge-7"} 0.5`; !strings.Contains(page.Body.String(), want) {
		t.Errorf("the page lacks %s:\n%s", want, page.Body)
	}
}
