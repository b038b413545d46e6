package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	kubeedge "github.com/kubeedge/kubeedge/cloud/pkg/common/client"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
)

// TestDoorInNumbers holds what docs/security.md says and what the API server has to
// bear.
func TestDoorInNumbers(t *testing.T) {
	for name, test := range map[string]struct{ got, want time.Duration }{
		"an answer counts":           {decisionTTL, 10 * time.Second},
		"one question takes at most": {reviewTimeout, 5 * time.Second},
		"a reader waits for at most": {doorTimeout, 8 * time.Second},
		"asked again after":          {retryAfter, 200 * time.Millisecond},
		"the exporter's end takes":   {endTimeout, 10 * time.Second},
	} {
		if test.got != test.want {
			t.Errorf("%s %v, want %v", name, test.got, test.want)
		}
	}
	if questionsPerReader != 4 {
		t.Errorf("of one address %d requests may wait, want 4", questionsPerReader)
	}
}

// TestCloudcoreClient: the door asks with cloudcore's credentials, and neither takes
// from cloudcore's rate nor changes its configuration.
func TestCloudcoreClient(t *testing.T) {
	before := kubeedge.KubeConfig
	defer func() { kubeedge.KubeConfig = before }()
	kubeedge.KubeConfig = nil
	if client, err := cloudcoreClient(); err == nil || client != nil || err.Error() != "cloudcore has not connected to the API server yet" {
		t.Errorf("before cloudcore is connected: %v, %v", client, err)
	}
	kubeedge.KubeConfig = &rest.Config{Host: "https://192.0.2.1:6443", QPS: 1000, Burst: 2000, Timeout: time.Hour}
	client, err := cloudcoreClient()
	if err != nil {
		t.Fatal(err)
	}
	asks, ok := client.AuthenticationV1().RESTClient().(*rest.RESTClient)
	if !ok {
		t.Fatalf("a %T", client.AuthenticationV1().RESTClient())
	}
	if got := asks.GetRateLimiter().QPS(); got != 20 {
		t.Errorf("%v questions a second, want 20", got)
	}
	burst := 0
	for burst < 1000 && asks.GetRateLimiter().TryAccept() {
		burst++
	}
	if burst < 40 || burst > 45 { // some come back meanwhile
		t.Errorf("%d questions at once, want 40", burst)
	}
	if asks.Client.Timeout != 5*time.Second {
		t.Errorf("a question takes up to %v", asks.Client.Timeout)
	}
	if c := kubeedge.KubeConfig; c.QPS != 1000 || c.Burst != 2000 || c.Timeout != time.Hour {
		t.Errorf("cloudcore's own configuration became %v", c)
	}
}

// TestEnterCountsOut: an address has its share again when its requests have ended,
// and nothing is kept of it.
func TestEnterCountsOut(t *testing.T) {
	door := newDoor(nil)
	var leave []func()
	for i := 0; i < 4; i++ {
		out, err := door.enter(fmt.Sprintf("192.0.2.1:%d", 1000+i))
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, out)
	}
	if _, err := door.enter("192.0.2.1:2000"); err == nil {
		t.Error("a fifth request of one address came in")
	}
	for _, address := range []string{"[2001:db8::1]:80", "@", "192.0.2.10:80"} {
		out, err := door.enter(address)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, out)
	}
	if door.waiting["192.0.2.1"] != 4 || door.waiting["2001:db8::1"] != 1 || door.waiting["@"] != 1 || len(door.waiting) != 4 {
		t.Errorf("requests that wait: %v", door.waiting)
	}
	leave[0]()
	out, err := door.enter("192.0.2.1:2000")
	if err != nil {
		t.Errorf("after one has ended: %v", err)
	} else {
		leave[0] = out
	}
	for _, out := range leave {
		out()
	}
	if len(door.waiting) != 0 {
		t.Errorf("requests that wait: %v", door.waiting)
	}
}

// TestNoAnswer tells an API server that does not answer from one that says no.
func TestNoAnswer(t *testing.T) {
	no := errors.New("[invalid bearer token]")
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"a wrong token":        {no, false},
		"a status":             {apierrors.NewInternalError(errors.New("x")), true},
		"a status, wrapped":    {fmt.Errorf("asking: %w", apierrors.NewTooManyRequests("x", 1)), true},
		"the network":          {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"too late":             {context.DeadlineExceeded, true},
		"given up":             {fmt.Errorf("asking: %w", context.Canceled), true},
		"tried long enough":    {wait.ErrWaitTimeout, true},
		"several wrong tokens": {utilerrors.NewAggregate([]error{no, no}), false},
		"a status of several":  {utilerrors.NewAggregate([]error{no, apierrors.NewInternalError(errors.New("x"))}), true},
		"one of several":       {utilerrors.NewAggregate([]error{no, context.DeadlineExceeded}), true},
	} {
		if got := noAnswer(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
