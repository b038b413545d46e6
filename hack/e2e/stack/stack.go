// Package stack brings a whole KubeEdge with Prometheus up on one machine: etcd,
// kube-apiserver, cloudcores with the exporter compiled in, edgecores,
// prometheus-operator and Prometheus, all of them real.
//
// It expects to live in a network and a process namespace of its own (see
// run.sh): addresses, ports and processes are then nobody else's, and nothing of
// it survives the process that made it.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Stack is a running stack. Its methods are for one goroutine, except where they
// say otherwise.
type Stack struct {
	// Root is the checkout, Bin the folder of the built programs, Folder the
	// place for everything that this stack writes.
	Root, Bin, Folder string
	// KubeEdge is the version of KubeEdge.
	KubeEdge string
	// APIServer is kube-apiserver, once it was started.
	APIServer *Process

	mu        sync.Mutex
	processes []*Process
	closers   []func()
}

// New prepares an empty folder for a stack with this version of KubeEdge.
func New(root, folder, kubeedge string) (*Stack, error) {
	s := &Stack{Root: root, Bin: filepath.Join(root, ".cache", "e2e", "bin"), Folder: folder, KubeEdge: kubeedge}
	if err := os.RemoveAll(folder); err != nil {
		return nil, fmt.Errorf("emptying %s: %w", folder, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making %s: %w", folder, err)
	}
	return s, nil
}

// Close ends every process of the stack, the last one started first. It may be
// called from any goroutine.
func (s *Stack) Close() {
	s.mu.Lock()
	processes, closers := s.processes, s.closers
	s.processes, s.closers = nil, nil
	s.mu.Unlock()
	for _, close := range closers {
		close()
	}
	var group sync.WaitGroup
	for i := len(processes) - 1; i >= 0; i-- {
		group.Go(func() { _, _ = processes[i].Stop(3 * time.Second) })
	}
	group.Wait()
}

// write puts a file into the stack's folder and returns its path.
func (s *Stack) write(name, content string) (string, error) {
	path := filepath.Join(s.Folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("making the folder of %s: %w", name, err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return path, nil
}

// pollInterval is how often a condition is looked at while waiting for it.
const pollInterval = 100 * time.Millisecond

// Eventually waits until the condition returns no error, and gives up with its
// last error when the patience ends.
func Eventually(patience time.Duration, condition func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", patience, err)
		case <-ticker.C:
		}
	}
}

// ready waits for a condition that a process is to bring about, and says what
// the process wrote when it does not.
func ready(process *Process, patience time.Duration, condition func() error) error {
	err := Eventually(patience, func() error {
		if !process.Running() {
			return nil
		}
		return condition()
	})
	if err == nil && !process.Running() {
		err = errors.New("it ended")
	}
	if err != nil {
		return fmt.Errorf("%s did not get ready: %w\n%s", process.Name, err, process.Tail(15))
	}
	return nil
}
