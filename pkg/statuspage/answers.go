package statuspage

import (
	"net/http"
	"sync"
	"time"
)

const (
	// atOnce is how many requests are answered at once. They walk over all nodes, and
	// a person needs one.
	atOnce = 4
	// stalled is how long a reader takes nothing until its answer may be cut for
	// another one, and patience how long that one waits for the place.
	stalled  = 50 * time.Millisecond
	patience = time.Second
)

// answers are those under way. While there are atOnce of them, another one cuts the one
// whose reader stalls, so that those who do not read keep nobody out.
type answers struct {
	slots chan struct{}
	mu    sync.Mutex
	all   map[*answer]struct{}
}

// answer is what a request is answered with.
type answer struct {
	http.ResponseWriter
	of      *answers
	writing time.Time // since when; zero is not at all
	cut     bool
}

func newAnswers() *answers {
	return &answers{slots: make(chan struct{}, atOnce), all: map[*answer]struct{}{}}
}

// begin returns an answer that goes to w, which must be ended, or nil if there is no
// place for it.
func (x *answers) begin(w http.ResponseWriter) *answer {
	select {
	case x.slots <- struct{}{}:
	default:
		if !x.makePlace() {
			return nil
		}
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case x.slots <- struct{}{}:
		case <-timer.C:
			return nil
		}
	}
	a := &answer{ResponseWriter: w, of: x}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all[a] = struct{}{}
	return a
}

func (a *answer) end() {
	a.of.mu.Lock()
	delete(a.of.all, a)
	a.of.mu.Unlock()
	<-a.of.slots
}

// makePlace cuts the answer whose reader has taken nothing for longest. It returns false
// if there is none.
func (x *answers) makePlace() bool {
	x.mu.Lock() // an answer is not cut once it has ended, when its connection has another
	defer x.mu.Unlock()
	now := time.Now()
	var worst *answer
	for a := range x.all {
		if !a.cut && !a.writing.IsZero() && now.Sub(a.writing) >= stalled && (worst == nil || a.writing.Before(worst.writing)) {
			worst = a
		}
	}
	if worst == nil || http.NewResponseController(worst.ResponseWriter).SetWriteDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	worst.cut = true
	return true
}

func (a *answer) note(t time.Time) {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.writing = t
}

// Write writes b, and notes since when.
func (a *answer) Write(b []byte) (int, error) {
	a.note(time.Now())
	defer a.note(time.Time{})
	return a.ResponseWriter.Write(b)
}

// Unwrap lets an http.ResponseController find the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
