package nodemetrics

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// play starts a process that plays a scenario. Its log is the test's, should
// the test fail.
func play(t *testing.T, name string) (*exec.Cmd, *bufio.Reader, *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), scenarioVariable+"="+name, "GORACE=exitcode=0") // see wantNoRace
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the process:\n%.10000s", log.String())
		}
	})
	return cmd, bufio.NewReader(out), &log
}

// wantNoRace wants the race detector, if it is at work, to have seen none but
// beehive's own: its Cleanup closes a channel that others may be sending to.
func wantNoRace(t *testing.T, log string) {
	t.Helper()
	for _, report := range strings.Split(log, "==================") {
		if strings.Contains(report, "DATA RACE") && !strings.Contains(report, "channel.(*Context).Cleanup()") {
			t.Error(report)
		}
	}
}

// The scenarios against the real beehive that need nothing from outside.
func TestBeehive(t *testing.T) {
	for name, most := range map[string]int{ // lines of log
		"messages arrive":        30,
		"channel is cleaned up":  40,
		"idle channel is closed": 30,
		"context is cancelled":   30,
		"channel is full":        2200, // beehive tells of each message that waits
		"module is disabled":     30,
		"address is taken":       30,
		"handling panics":        400, // a stack a second
		"flood of bad messages":  30,
		"joins the default page": 30,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd, out, log := play(t, name)
			said, _ := io.ReadAll(out)
			if err := cmd.Wait(); err != nil || !strings.HasSuffix(string(said), "done\n") {
				t.Fatalf("%v: %s", err, said)
			}
			wantNoRace(t, log.String())
			if n := strings.Count(log.String(), "\n"); n > most {
				t.Errorf("%d lines of log, want at most %d:\n%.5000s", n, most, log)
			}
		})
	}
}

// beehive's own way to the end, with scrapers that wait for it or do nothing.
func TestBeehiveSIGTERM(t *testing.T) {
	t.Parallel()
	cmd, out, log := play(t, "runs until a signal")
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(line)
	hung, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	fmt.Fprint(hung, "GET /metrics HTTP/1.1\r\nHost: x\r\n")
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()

	start := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(string(said), "done\n") {
		t.Fatalf("%v: %s", err, said)
	}
	wantNoRace(t, log.String())
	if d := time.Since(start); d > patience {
		t.Errorf("took %v to stop", d)
	}
}
