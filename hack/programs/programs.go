// Package programs starts the real programs that tests hold edgegauge against.
// Everything it starts listens on loopback and ends with the test.
package programs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take for what is asked of it. It is long,
// because the machine may be busy, and costs nothing when all is well.
const patience = time.Minute

// Start starts a program and ends it with the test, if the test has not: the test
// fails where the program then ends with an error or not at all. What it wrote stands
// in the log of a test that failed.
func Start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		select {
		case <-done:
		default:
			_ = cmd.Process.Signal(syscall.SIGTERM)
			kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
			if err := <-done; err != nil {
				t.Errorf("%s did not end cleanly: %v", cmd.Path, err)
			}
		}
		if t.Failed() {
			t.Logf("%s wrote:\n%s", cmd.Path, tail(out.Bytes()))
		}
	})
}

// tail is the end of what a program wrote.
func tail(out []byte) []byte {
	const most = 16 << 10
	return out[max(0, len(out)-most):]
}

// WaitFor waits until a condition holds. Last says, if not nil, what was seen
// instead when it never did.
func WaitFor(t *testing.T, what string, condition func() bool, last func() string) {
	t.Helper()
	WaitUpTo(t, patience, what, condition, last)
}

// WaitUpTo is WaitFor for what takes longer or may be asked less often: it asks six
// hundred times within the limit.
func WaitUpTo(t *testing.T, limit time.Duration, what string, condition func() bool, last func() string) {
	t.Helper()
	tick := time.NewTicker(limit / 600)
	defer tick.Stop()
	for end := time.Now().Add(limit); !condition(); <-tick.C {
		if time.Now().After(end) {
			if last != nil {
				what += ": " + last()
			}
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// FreeAddress is an address on loopback that nobody listens on now. Its port is none
// that the system gives to whoever asks for any, so that it stays free until the
// program has it.
func FreeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 12000+rand.IntN(20000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		return l.Addr().String()
	}
}

// Ready waits until an address answers 200.
func Ready(t *testing.T, url string) {
	t.Helper()
	var err error
	WaitFor(t, url, func() bool { _, err = Get(url); return err == nil }, func() string { return err.Error() })
}

// Get returns the body of an answer 200; any other status is an error.
func Get(url string) ([]byte, error) {
	client := http.Client{Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.500s", response.Status, body)
	}
	return body, err
}

// GetJSON reads an answer 200 into a value.
func GetJSON(url string, into any) error {
	body, err := Get(url)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
