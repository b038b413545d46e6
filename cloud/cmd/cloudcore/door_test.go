package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// patience is how long tests wait for what must happen: a busy machine is no fault.
const patience = 30 * time.Second

// api is as much of an API server as a door asks.
type api struct {
	*httptest.Server
	reviews int32         // how often it was asked whose a token is
	rights  int32         // and what somebody may
	came    chan struct{} // a question that gets no answer
	stuck   chan struct{} // until this is closed
}

func newAPI(t *testing.T) *api {
	a := &api{came: make(chan struct{}, 2*questionsPerReader), stuck: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/apis/authentication.k8s.io/v1/tokenreviews", func(w http.ResponseWriter, r *http.Request) {
		atomic.AddInt32(&a.reviews, 1)
		var review authenticationv1.TokenReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(review.Spec.Token, "stuck") {
			a.came <- struct{}{}
			<-a.stuck
			return
		}
		switch review.Spec.Token {
		case "prometheus", "somebody":
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: review.Spec.Token}}
		case "broken":
			http.Error(w, "no", http.StatusInternalServerError)
			return
		default:
			review.Status.Error = "[invalid bearer token]" // as the real one does
		}
		answer(t, w, review)
	})
	mux.HandleFunc("/apis/authorization.k8s.io/v1/subjectaccessreviews", func(w http.ResponseWriter, r *http.Request) {
		atomic.AddInt32(&a.rights, 1)
		var review authorizationv1.SubjectAccessReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			t.Error(err)
		}
		asked := review.Spec.NonResourceAttributes
		review.Status.Allowed = review.Spec.User == "prometheus" && asked != nil && *asked == authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"}
		answer(t, w, review)
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		a.CloseClientConnections()
		a.Close()
	})
	return a
}

func answer(t *testing.T, w http.ResponseWriter, review interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	if err := json.NewEncoder(w).Encode(review); err != nil {
		t.Error(err)
	}
}

func (a *api) client() (kubernetes.Interface, error) {
	return kubernetes.NewForConfig(&rest.Config{Host: a.URL, Timeout: reviewTimeout})
}

func request(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/nodes", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func TestDoor(t *testing.T) {
	neither := errors.New("neither of both")
	for name, test := range map[string]struct {
		authorization string
		want          error
		reviews       int32
	}{
		"no token":       {"", nodemetrics.ErrUnauthenticated, 0},
		"a password":     {"Basic cHJvbWV0aGV1czpwcm9tZXRoZXVz", nodemetrics.ErrUnauthenticated, 0},
		"an empty token": {"Bearer ", nodemetrics.ErrUnauthenticated, 0},
		"a wrong token":  {"Bearer made-up", nodemetrics.ErrUnauthenticated, 3},
		"may not":        {"Bearer somebody", nodemetrics.ErrForbidden, 1},
		"may":            {"Bearer prometheus", nil, 1},
		"no answer":      {"Bearer broken", neither, 2},
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t)
			door := newDoor(api.client)
			for turn := 0; turn < 3; turn++ {
				r := request(test.authorization)
				err := door.authorize(r)
				switch {
				case test.want == nil && err != nil,
					test.want == neither && (err == nil || errors.Is(err, nodemetrics.ErrForbidden) || errors.Is(err, nodemetrics.ErrUnauthenticated)),
					test.want != nil && test.want != neither && !errors.Is(err, test.want):
					t.Errorf("got %v, want %v", err, test.want)
				}
				if got := r.Header.Get("Authorization"); got != test.authorization {
					t.Errorf("the request's own header became %q", got)
				}
				if test.want == neither {
					break
				}
			}
			// Three requests, one question: the answer counts for a while, unless
			// it is that the token is wrong, which may change at any moment.
			if got := atomic.LoadInt32(&api.reviews); test.want != neither && got != test.reviews {
				t.Errorf("the API server was asked %d times whose the token is, want %d", got, test.reviews)
			}
			if got := atomic.LoadInt32(&api.rights); got > 1 {
				t.Errorf("the API server was asked %d times for the right", got)
			}
			if len(door.waiting) != 0 {
				t.Errorf("requests that wait: %v", door.waiting)
			}
		})
	}
}

// TestDoorFailsClosed: without the API server nobody gets in, and once it is
// there again, those who may do.
func TestDoorFailsClosed(t *testing.T) {
	up := false
	api := newAPI(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	door := newDoor(func() (kubernetes.Interface, error) {
		if !up {
			return nil, errors.New("not connected yet")
		}
		return api.client()
	})
	if err := door.authorize(request("Bearer prometheus")); err == nil {
		t.Error("let in before there is a client")
	}
	up = true
	if err := door.authorize(request("Bearer prometheus")); err != nil {
		t.Errorf("the client is there: %v", err)
	}

	away := newDoor(func() (kubernetes.Interface, error) {
		return kubernetes.NewForConfig(&rest.Config{Host: gone.URL, Timeout: time.Second})
	})
	err := away.authorize(request("Bearer prometheus"))
	if err == nil || errors.Is(err, nodemetrics.ErrUnauthenticated) || errors.Is(err, nodemetrics.ErrForbidden) {
		t.Errorf("the API server is away: got %v, want that nobody can tell", err)
	}
}

// TestDoorBoundsWhoAsksTooMuch: an address whose requests the API server does not
// answer gets no more of them through, and another one is not kept waiting.
func TestDoorBoundsWhoAsksTooMuch(t *testing.T) {
	api := newAPI(t)
	door := newDoor(api.client)
	for i := 0; i < questionsPerReader; i++ {
		token := fmt.Sprint("Bearer stuck-", i) // of the same one only one would be asked
		go func() { _ = door.authorize(request(token)) }()
	}
	for i := 0; i < questionsPerReader; i++ {
		select {
		case <-api.came:
		case <-time.After(patience):
			t.Fatalf("%d requests wait, want %d", i, questionsPerReader)
		}
	}
	if err := door.authorize(request("Bearer prometheus")); err == nil {
		t.Error("one more request of an address that has its share")
	}
	other := request("Bearer prometheus")
	other.RemoteAddr = "192.0.2.2:1234"
	if err := door.authorize(other); err != nil {
		t.Errorf("another address: %v", err)
	}
	close(api.stuck)
}
