package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// shortTests has the tests run in their short form.
var shortTests bool

// pkg is a package with the changes to it, and what became of them.
type pkg struct {
	folder   string
	dir      string
	changes  []change
	patience time.Duration // for one run of its tests

	mu      sync.Mutex
	noticed int
	broken  int
	missed  []change
}

// load returns the packages at and below a folder.
func load(ctx context.Context, folder string, same map[string]bool) ([]*pkg, error) {
	list := exec.CommandContext(ctx, "go", "list", "-json=Dir,GoFiles", "./...")
	list.Dir, list.Stderr = folder, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []*pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			Dir     string
			GoFiles []string
		}
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		p := &pkg{folder: relative(l.Dir), dir: l.Dir}
		for _, name := range l.GoFiles {
			changes, err := changesOf(filepath.Join(l.Dir, name))
			if err != nil {
				return nil, err
			}
			for _, c := range changes {
				if !same[c.key()] {
					p.changes = append(p.changes, c)
				}
			}
		}
		if len(p.changes) > 0 {
			all = append(all, p)
		}
	}
}

// measure runs the tests of the code as it is: they must pass, and tell how long to
// wait for them.
func (p *pkg) measure(ctx context.Context) error {
	start := time.Now()
	out, err := p.gotest(ctx, 10*time.Minute)
	if err != nil {
		return fmt.Errorf("the tests fail without any change: %w\n%s", err, out)
	}
	p.patience = 4*time.Since(start) + 20*time.Second
	return nil
}

type outcome int

const (
	noticed outcome = iota
	unnoticed
	broken // does not compile
	untold // the time was up
)

// test runs the package's tests with a change.
func (p *pkg) test(ctx context.Context, c change) outcome {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return untold
	}
	defer os.RemoveAll(dir)
	text, err := os.ReadFile(c.file)
	if err != nil {
		return untold
	}
	changed := filepath.Join(dir, filepath.Base(c.file))
	overlay := filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{c.file: changed}})
	if err == nil {
		err = os.WriteFile(changed, append(append(append([]byte{}, text[:c.from]...), c.fresh...), text[c.to:]...), 0o600)
	}
	if err == nil {
		err = os.WriteFile(overlay, replace, 0o600)
	}
	if err != nil {
		return untold
	}
	out, err := p.gotest(ctx, p.patience, "-overlay="+overlay)
	switch {
	case ctx.Err() != nil:
		return untold
	case err == nil:
		return unnoticed
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return broken
	}
	return noticed
}

// gotest runs the package's tests, and ends all that they started when it takes
// longer than patience.
func (p *pkg) gotest(ctx context.Context, patience time.Duration, flags ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience+30*time.Second)
	defer cancel()
	args := append([]string{"test", fmt.Sprintf("-short=%v", shortTests), "-failfast", "-vet=off", "-timeout=" + patience.String()}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.CombinedOutput()
}

func (p *pkg) note(c change, o outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch o {
	case noticed:
		p.noticed++
	case unnoticed:
		p.missed = append(p.missed, c)
		fmt.Println("unnoticed:", c)
	case broken:
		p.broken++
	}
}
