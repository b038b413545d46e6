package stack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is one program of the stack. It is ended by its own pid and by
// nothing else.
type Process struct {
	Name string
	Log  string

	command *exec.Cmd
	done    chan struct{}
}

// start runs a program of the stack in a network namespace ("" is the stack's
// own) with its output in a log file that later starts append to.
func (s *Stack) start(name, namespace string, environment []string, program string, arguments ...string) (*Process, error) {
	path, err := s.program(program)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.Folder, "log", name+".log")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("making the log folder: %w", err)
	}
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer log.Close()

	command := exec.Command(path, arguments...)
	if namespace != "" {
		// ip replaces itself by the program, so the pid is the program's.
		command = exec.Command("ip", append([]string{"netns", "exec", namespace, path}, arguments...)...)
	}
	command.Dir = s.Folder
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = log, log
	// A group of its own, so that an interrupt at the terminal reaches the test
	// alone, which then stops everything in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	process := &Process{Name: name, Log: file, command: command, done: make(chan struct{})}
	go func() {
		_ = command.Wait() // how it ended is in command.ProcessState
		close(process.done)
	}()
	s.mu.Lock()
	s.processes = append(s.processes, process)
	s.mu.Unlock()
	return process, nil
}

// Pid returns the process id.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Signal sends the process a signal.
func (p *Process) Signal(signal os.Signal) error { return p.command.Process.Signal(signal) }

// Running tells whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Stop asks the process to end, waits for it, kills it after the time given, and
// returns how long it took. An error means that it had to be killed.
func (p *Process) Stop(patience time.Duration) (time.Duration, error) {
	begin := time.Now()
	if !p.Running() {
		return 0, nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, fmt.Errorf("stopping %s: %w", p.Name, err)
	}
	select {
	case <-p.done:
		return time.Since(begin), nil
	case <-time.After(patience):
		p.Kill()
		return time.Since(begin), fmt.Errorf("%s was still running %s after SIGTERM", p.Name, patience)
	}
}

// ExitCode returns the code that the process ended with, -1 while it runs and
// after a signal.
func (p *Process) ExitCode() int {
	if p.Running() {
		return -1
	}
	return p.command.ProcessState.ExitCode()
}

// Kill ends the process at once and waits for it.
func (p *Process) Kill() {
	if p.Running() {
		_ = p.command.Process.Kill()
	}
	<-p.done
}

// Tail returns the last lines of the process's log.
func (p *Process) Tail(lines int) string {
	data, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}

// Logged counts how often something stands in the process's log, from an offset
// in bytes on.
func (p *Process) Logged(offset int64, what string) (int, error) {
	data, err := os.ReadFile(p.Log)
	if err != nil {
		return 0, fmt.Errorf("reading the log of %s: %w", p.Name, err)
	}
	return strings.Count(string(data[min(offset, int64(len(data))):]), what), nil
}

// program finds a program among those built for the stack, else on the path.
func (s *Stack) program(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, folder := range []string{filepath.Join(s.Bin, s.KubeEdge), s.Bin} {
		built := filepath.Join(folder, name)
		if _, err := os.Stat(built); err == nil {
			return built, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither in %s nor on the path: %w", name, s.Bin, err)
	}
	return path, nil
}

// run runs a program to its end and returns its output.
func (s *Stack) run(namespace, input, program string, arguments ...string) (string, error) {
	path, err := s.program(program)
	if err != nil {
		return "", err
	}
	command := exec.Command(path, arguments...)
	if namespace != "" {
		command = exec.Command("ip", append([]string{"netns", "exec", namespace, path}, arguments...)...)
	}
	command.Dir = s.Root
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
