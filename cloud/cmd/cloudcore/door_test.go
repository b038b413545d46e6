package main

import (
	"context"
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
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/kubernetes"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
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
		case "prometheus", "somebody", "unsure":
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
		if review.Spec.User == "unsure" {
			http.Error(w, "no", http.StatusInternalServerError)
			return
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
		"none to that":   {"Bearer unsure", neither, 1},
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
			// it is that the token is wrong, which may change at any moment. One
			// request, two questions: without an answer it is asked once more.
			if got := atomic.LoadInt32(&api.reviews); got != test.reviews {
				t.Errorf("the API server was asked %d times whose the token is, want %d", got, test.reviews)
			}
			if got := atomic.LoadInt32(&api.rights); got > 1 && name != "none to that" || got > 2 {
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
	if err := door.authorize(request("Bearer prometheus")); err == nil || err.Error() != "connecting to the API server: not connected yet" {
		t.Errorf("before there is a client: %v", err)
	}
	if err := door.authorize(request("")); !errors.Is(err, nodemetrics.ErrUnauthenticated) {
		t.Errorf("who brings no token needs no client to be refused: %v", err)
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

// TestDoorSays: who reads the log learns what the API server was asked, and who it was.
func TestDoorSays(t *testing.T) {
	for token, want := range map[string]string{
		"":                "no bearer token",
		"Bearer made-up":  "the API server does not know the token",
		"Bearer broken":   "asking the API server whose the token is: ",
		"Bearer unsure":   "asking the API server whether unsure may read: ",
		"Bearer somebody": "somebody may not get the nonResourceURL /metrics",
	} {
		if err := newDoor(newAPI(t).client).authorize(request(token)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %s", token, err, want)
		}
	}
}

// noReviews is a client that cannot ask whose a token is.
type noReviews struct{ kubernetes.Interface }

func (noReviews) AuthenticationV1() authentication.AuthenticationV1Interface { return nil }

// TestDoorWithoutReviews: where nobody can ask, nobody gets in.
func TestDoorWithoutReviews(t *testing.T) {
	client, err := newAPI(t).client()
	if err != nil {
		t.Fatal(err)
	}
	door := newDoor(func() (kubernetes.Interface, error) { return noReviews{client}, nil })
	if err := door.authorize(request("Bearer prometheus")); err == nil || !strings.HasPrefix(err.Error(), "preparing TokenReviews and SubjectAccessReviews: ") {
		t.Errorf("got %v, want that the questions cannot be prepared", err)
	}
}

// TestDoorKeepsNothing: when a request has been decided, nothing goes on for it, and
// until then it has the time that a reader waits.
func TestDoorKeepsNothing(t *testing.T) {
	door := newDoor(nil)
	var during context.Context
	door.opened = true
	door.whose = authenticator.RequestFunc(func(r *http.Request) (*authenticator.Response, bool, error) {
		during = r.Context()
		return &authenticator.Response{User: &user.DefaultInfo{Name: "prometheus"}}, true, during.Err()
	})
	door.may = authorizer.AuthorizerFunc(func(ctx context.Context, _ authorizer.Attributes) (authorizer.Decision, string, error) {
		if _, bounded := ctx.Deadline(); !bounded || ctx.Value(door) != "of the request" {
			t.Errorf("the API server is asked with %v", ctx)
		}
		return authorizer.DecisionAllow, "", ctx.Err()
	})
	r := request("Bearer prometheus")
	if err := door.authorize(r.WithContext(context.WithValue(r.Context(), door, "of the request"))); err != nil {
		t.Error(err)
	}
	if !errors.Is(during.Err(), context.Canceled) {
		t.Error("after the decision the questions go on")
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
	if err := door.authorize(request("Bearer prometheus")); err == nil || err.Error() != "4 requests of 192.0.2.1 wait for the API server already" {
		t.Errorf("one more request of an address that has its share: %v", err)
	}
	other := request("Bearer prometheus")
	other.RemoteAddr = "192.0.2.2:1234"
	if err := door.authorize(other); err != nil {
		t.Errorf("another address: %v", err)
	}
	close(api.stuck)
}
