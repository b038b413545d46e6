// Package ask puts questions to a kernel that may not answer: a sensor whose
// driver hangs, a network file system whose server is gone.
//
// Its contract: no question holds up another, nor the one who asks. A question
// that has no answer in time is left alone, and is not put again before it has
// come back, so that at most one goroutine waits for each. What panics costs
// its own answer.
package ask

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Asker remembers which questions have not come back yet. The zero value is
// ready. It is safe for concurrent use.
type Asker struct {
	mu   sync.Mutex
	open map[string]bool
}

// Answer is what came of one question.
type Answer[T any] struct {
	Value T
	Err   error
}

// ErrNoAnswer is the error of a question that had no answer in time.
var ErrNoAnswer = errors.New("no answer in time")

// moment is how long Each waits for one answer before it puts the next
// question. In a row the questions need one thread of the system, and only
// those that take their time get threads of their own.
const moment = 10 * time.Millisecond

// Each puts one question for each name, and returns the answers in the order
// of the names when all are there or ctx has ended. Names tell the questions
// of an Asker apart.
func Each[T any](ctx context.Context, a *Asker, names []string, question func(i int) (T, error)) []Answer[T] {
	type pending struct {
		done   chan struct{}
		answer Answer[T]
	}
	asked := make([]*pending, len(names))
	next := time.NewTimer(moment)
	defer next.Stop()
	for i, name := range names {
		if ctx.Err() != nil || !a.begin(name) {
			continue
		}
		p := &pending{done: make(chan struct{})}
		asked[i] = p
		i, name := i, name
		go func() {
			defer close(p.done)
			defer a.end(name)
			p.answer.Value, p.answer.Err = guard(func() (T, error) { return question(i) })
		}()
		if !next.Stop() {
			select {
			case <-next.C:
			default:
			}
		}
		next.Reset(moment)
		select {
		case <-p.done:
		case <-next.C:
		case <-ctx.Done():
		}
	}
	answers := make([]Answer[T], len(names))
	for i, p := range asked {
		answers[i].Err = ErrNoAnswer
		if p == nil {
			continue
		}
		select {
		case <-p.done:
			answers[i] = p.answer
			continue
		default:
		}
		select {
		case <-p.done:
			answers[i] = p.answer
		case <-ctx.Done():
		}
	}
	return answers
}

// One puts a single question.
func One[T any](ctx context.Context, a *Asker, name string, question func() (T, error)) (T, error) {
	answer := Each(ctx, a, []string{name}, func(int) (T, error) { return question() })[0]
	return answer.Value, answer.Err
}

// begin tells whether the question may be put.
func (a *Asker) begin(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[name] {
		return false
	}
	if a.open == nil {
		a.open = map[string]bool{}
	}
	a.open[name] = true
	return true
}

// Idle tells whether every question has come back.
func (a *Asker) Idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open) == 0
}

func (a *Asker) end(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, name)
}

// guard keeps a parser that panics on a kernel's unforeseen format from taking
// the process down: inside edgecore it would take the node along.
func guard[T any](question func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unforeseen format: %v", p)
		}
	}()
	return question()
}
