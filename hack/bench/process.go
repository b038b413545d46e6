package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is a server process under measurement.
type process struct {
	address string
	path    string // of the page
	command *exec.Cmd
	stdin   io.WriteCloser
	replies *json.Decoder
	stderr  *bytes.Buffer
}

// start runs this program again with args and waits for its address.
func start(args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startCommand(exec.Command(self, args...))
}

func startCommand(command *exec.Cmd) (*process, error) {
	p := &process{path: "/metrics", command: command, stderr: new(bytes.Buffer)}
	p.command.Stderr = p.stderr
	var err error
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.replies = json.NewDecoder(stdout)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	a, err := p.receive()
	if err != nil {
		p.stop()
		return nil, err
	}
	p.address = a.Address
	return p, nil
}

// startPushgateway runs a Pushgateway on a free port.
func startPushgateway(binary string, flags ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{address: address, path: "/metrics", stderr: new(bytes.Buffer)}
	p.command = exec.Command(binary, append([]string{"--web.listen-address=" + address, "--log.level=error"}, flags...)...)
	p.command.Stderr = p.stderr
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return p, c.Close()
		}
		if time.Now().After(end) {
			p.stop()
			return nil, fmt.Errorf("the Pushgateway does not listen: %w: %s", err, p.stderr)
		}
	}
}

// freeAddress returns an address on loopback that nobody listened on just now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ask sends a request and waits for the reply.
func (p *process) ask(q request) (reply, error) {
	if err := json.NewEncoder(p.stdin).Encode(q); err != nil {
		return reply{}, fmt.Errorf("%s: %w: %s", q.Op, err, p.stderr)
	}
	a, err := p.receive()
	if err != nil {
		return a, fmt.Errorf("%s: %w", q.Op, err)
	}
	return a, nil
}

func (p *process) receive() (reply, error) {
	var a reply
	if err := p.replies.Decode(&a); err != nil {
		return a, fmt.Errorf("the server process ended: %w: %s", err, p.stderr)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// cpu is the process's user and system time in seconds.
func (p *process) cpu() (float64, error) {
	if p.stdin != nil {
		a, err := p.ask(request{Op: "cpu"})
		return a.CPU, err
	}
	// A foreign process: proc(5) counts in ticks of 10 ms.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100, err
}

// memory reads one of the sizes in /proc/<pid>/status, in bytes.
func (p *process) memory(field string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in the process status", field)
}

// peak returns by how much the process's resident memory exceeded that at
// rest while do ran.
func (p *process) peak(do func() error) (float64, error) {
	if p.stdin != nil {
		if _, err := p.ask(request{Op: "rest"}); err != nil {
			return 0, err
		}
	}
	// 5 resets the high-water mark: proc(5).
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.command.Process.Pid), []byte("5"), 0); err != nil {
		return 0, err
	}
	rest, err := p.memory("VmRSS")
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	peak, err := p.memory("VmHWM")
	return max(0, peak-rest), err
}

// stop ends the process.
func (p *process) stop() {
	if p.stdin != nil {
		_ = p.stdin.Close()
	} else {
		_ = p.command.Process.Signal(os.Interrupt)
	}
	done := make(chan struct{})
	go func() { _ = p.command.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = p.command.Process.Kill()
		<-done
	}
}
