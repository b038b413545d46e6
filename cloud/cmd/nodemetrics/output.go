package main

import (
	"io"
	"sync"
)

// output is standard output that remembers whether all of it was written: a full
// disk behind a redirection is no success. It may be written to concurrently.
type output struct {
	to  io.Writer
	mu  sync.Mutex
	err error // the first one
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.to.Write(b)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}
