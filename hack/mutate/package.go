package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
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
	patience time.Duration // for one run of its tests, and
	hurry    time.Duration // of the quick ones
	most     int           // how many changes to try, 0 is all
	quick    string        // a pattern for those of its tests that are run first

	mu      sync.Mutex
	noticed int
	broken  int
	missed  []change
}

// load returns the packages at and below a folder.
func load(ctx context.Context, folder string, same map[string]bool) ([]*pkg, error) {
	list := exec.CommandContext(ctx, "go", "list", "-json=Dir,Name,GoFiles", "./...")
	list.Dir, list.Stderr = folder, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []*pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			Dir     string
			Name    string
			GoFiles []string
		}
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if strings.HasSuffix(l.Name, "test") {
			continue // what tests share, held by them
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
// wait for them and which are quick.
func (p *pkg) measure(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "test")
	if out, err := p.build(ctx, binary); err != nil {
		return fmt.Errorf("the tests do not compile: %w\n%s", err, out)
	}
	if _, err := os.Stat(binary); err != nil {
		return errors.New("there are no tests")
	}
	start := time.Now()
	out, err := p.execute(ctx, 10*time.Minute, binary, "-test.v")
	if err != nil {
		return fmt.Errorf("the tests fail without any change: %w\n%s", err, out)
	}
	p.patience = 4*time.Since(start) + 20*time.Second
	p.quick = quick(out)
	start = time.Now()
	if out, err = p.execute(ctx, p.patience, binary, "-test.run="+p.quick); err != nil {
		return fmt.Errorf("the quick tests fail alone: %w\n%s", err, out)
	}
	p.hurry = 4*time.Since(start) + 5*time.Second
	return nil
}

var ended = regexp.MustCompile(`(?m)^--- (?:PASS|SKIP): (\S+) \(([0-9.]+)s\)$`)

// quick returns a pattern for the tests that take less than a quarter of a second,
// by what they said with -v. They are run before the others: most changes fail one.
func quick(out []byte) string {
	var names []string
	for _, m := range ended.FindAllSubmatch(out, -1) {
		if took, err := strconv.ParseFloat(string(m[2]), 64); err == nil && took < 0.25 {
			names = append(names, regexp.QuoteMeta(string(m[1])))
		}
	}
	return "^(" + strings.Join(names, "|") + ")$"
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
	binary := filepath.Join(dir, "test")
	if _, err := p.build(ctx, binary, "-overlay="+overlay); err != nil {
		if ctx.Err() != nil {
			return untold
		}
		return broken
	}
	_, err = p.execute(ctx, p.hurry, binary, "-test.run="+p.quick)
	if err == nil {
		_, err = p.execute(ctx, p.patience, binary, "-test.skip="+p.quick)
	}
	switch {
	case ctx.Err() != nil:
		return untold
	case err == nil:
		return unnoticed
	}
	return noticed
}

// build compiles the package's tests.
func (p *pkg) build(ctx context.Context, binary string, flags ...string) ([]byte, error) {
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = p.dir
	return cmd.CombinedOutput()
}

// execute runs compiled tests, and ends all that they started when it takes
// longer than patience.
func (p *pkg) execute(ctx context.Context, patience time.Duration, binary string, flags ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience+10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{fmt.Sprintf("-test.short=%v", shortTests),
		"-test.failfast", "-test.paniconexit0", "-test.timeout=" + patience.String()}, flags...)...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
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

// tried counts the changes that were told.
func (p *pkg) tried() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noticed + len(p.missed)
}

// draw orders the changes by chance: one of every file first, then all others.
func (p *pkg) draw(seed int64) {
	rand.New(rand.NewSource(seed)).Shuffle(len(p.changes), func(i, j int) {
		p.changes[i], p.changes[j] = p.changes[j], p.changes[i]
	})
	hit := map[string]bool{}
	var first, rest []change
	for _, c := range p.changes {
		if !hit[c.file] {
			hit[c.file] = true
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	p.changes = append(first, rest...)
}
