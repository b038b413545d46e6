package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	kubeedge "github.com/kubeedge/kubeedge/cloud/pkg/common/client"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// decisionTTL is how long what the API server said of a token or of a reader
	// counts: Kubernetes' own components have the same. It bounds how long a
	// reader who was locked out still reads, and one who was let in waits.
	decisionTTL = 10 * time.Second
	// reviewTimeout is how long one question to the API server may take.
	reviewTimeout = 5 * time.Second
	// doorTimeout is how long a reader waits for the answers to both.
	doorTimeout = 8 * time.Second
	// retryAfter is when a question without an answer is asked once more. After
	// that the reader comes again anyway.
	retryAfter = 200 * time.Millisecond
	// questionsPerReader is how many requests of one address may wait for the
	// API server at once: who makes tokens up must not keep others from theirs.
	questionsPerReader = 4
)

// door decides who may read, as Kubernetes' own components do: the API server
// says whose the bearer token is (TokenReview), and whether that one may get
// /metrics (SubjectAccessReview). It fails closed: no answer, no page.
//
// What was answered counts for decisionTTL. The caches are bounded by their
// number of entries, and the questions by the client's rate, which is none of
// cloudcore's own.
type door struct {
	// client makes the client at the first request: cloudcore connects to the
	// API server only after its modules have been registered.
	client func() (kubernetes.Interface, error)

	mu      sync.Mutex
	opened  bool
	whose   authenticator.Request
	may     authorizer.Authorizer
	waiting map[string]int // requests of an address
}

func newDoor(client func() (kubernetes.Interface, error)) *door {
	return &door{client: client, waiting: make(map[string]int)}
}

// cloudcoreClient returns a client with the credentials of cloudcore and a rate
// limit of its own.
func cloudcoreClient() (kubernetes.Interface, error) {
	if kubeedge.KubeConfig == nil {
		return nil, errors.New("cloudcore has not connected to the API server yet")
	}
	config := rest.CopyConfig(kubeedge.KubeConfig)
	config.QPS, config.Burst = 20, 40
	config.Timeout = reviewTimeout
	return kubernetes.NewForConfig(config)
}

// authorize tells whether a request may read. It is nodemetrics' Config.Authorize.
func (d *door) authorize(r *http.Request) error {
	if r.Header.Get("Authorization") == "" {
		return fmt.Errorf("%w: no bearer token", nodemetrics.ErrUnauthenticated)
	}
	leave, err := d.enter(r.RemoteAddr)
	if err != nil {
		return err
	}
	defer leave()
	whose, may, err := d.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), doorTimeout)
	defer cancel()

	// The authenticator takes the token out of the request that it is given.
	reader, ok, err := whose.AuthenticateRequest(r.Clone(ctx))
	if err != nil && noAnswer(err) {
		return fmt.Errorf("asking the API server whose the token is: %w", err)
	}
	if !ok {
		return fmt.Errorf("%w: the API server does not know the token", nodemetrics.ErrUnauthenticated)
	}
	// One right for all pages: who may read the metrics may read what is made of
	// them. The paths would be without end, and the decisions kept with them.
	decision, _, err := may.Authorize(ctx, authorizer.AttributesRecord{User: reader.User, Verb: "get", Path: "/metrics"})
	if err != nil {
		return fmt.Errorf("asking the API server whether %s may read: %w", reader.User.GetName(), err)
	}
	if decision != authorizer.DecisionAllow {
		return fmt.Errorf("%w: %s may not get the nonResourceURL /metrics", nodemetrics.ErrForbidden, reader.User.GetName())
	}
	return nil
}

// enter counts a request of an address in, and leave out again.
func (d *door) enter(address string) (leave func(), err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[host] >= questionsPerReader {
		return nil, fmt.Errorf("%d requests of %s wait for the API server already", questionsPerReader, host)
	}
	d.waiting[host]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.waiting[host]--; d.waiting[host] == 0 {
			delete(d.waiting, host)
		}
	}, nil
}

// open makes what asks the API server, once.
func (d *door) open() (authenticator.Request, authorizer.Authorizer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened {
		return d.whose, d.may, nil
	}
	client, err := d.client()
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the API server: %w", err)
	}
	backoff := wait.Backoff{Duration: retryAfter, Steps: 2}
	whose, _, noReviews := authenticatorfactory.DelegatingAuthenticatorConfig{
		TokenAccessReviewClient:  client.AuthenticationV1(),
		TokenAccessReviewTimeout: reviewTimeout,
		WebhookRetryBackoff:      &backoff,
		CacheTTL:                 decisionTTL,
	}.New()
	may, noAccess := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: client.AuthorizationV1(),
		AllowCacheTTL:             decisionTTL,
		DenyCacheTTL:              decisionTTL,
		WebhookRetryBackoff:       &backoff,
	}.New()
	if err := utilerrors.NewAggregate([]error{noReviews, noAccess}); err != nil {
		return nil, nil, fmt.Errorf("preparing TokenReviews and SubjectAccessReviews: %w", err)
	}
	d.whose, d.may, d.opened = whose, may, true
	return whose, may, nil
}

// noAnswer tells whether an error of the authenticator is that there was no
// answer, and not the answer that the token is wrong, which is an error too.
func noAnswer(err error) bool {
	var many utilerrors.Aggregate
	if errors.As(err, &many) {
		for _, one := range many.Errors() {
			if noAnswer(one) {
				return true
			}
		}
		return false
	}
	var status apierrors.APIStatus
	var network net.Error
	return errors.As(err, &status) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.Is(err, wait.ErrWaitTimeout)
}
