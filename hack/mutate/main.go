// Command mutate makes small changes to the code, one at a time, and looks whether
// the tests of its package notice:
//
//	go run ./hack/mutate [flags] FOLDER...
//
// It writes nothing into the tree: a changed file is laid over it by go test's own
// -overlay. Changes are drawn by chance, one of every file first, in turn from every
// package, until the time is up or there are no more; the same seed draws the same
// ones. A change that does not compile does not count. It prints those that nobody
// noticed, and exits with 1 if fewer than the least share were noticed in a package.
//
// The tests are compiled once for each change. Those that are quick run first, so
// that most changes cost a few seconds, however long all tests take.
//
// The tools that can be had (gremlins 0.6) change operators only, and know no bound
// in time; of the changes that went unnoticed here, most remove a statement or
// change a constant.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

func main() {
	budget := flag.Duration("budget", 30*time.Minute, "how long to go on")
	least := flag.Float64("least", 90, "least share, in percent, of the changes to each package that its tests must notice")
	seed := flag.Int64("seed", 1, "which changes are drawn")
	most := flag.Int("n", 0, "how many changes that compile to try to a package; 0 is all")
	workers := flag.Int("p", 2, "how many tests run at once")
	flag.BoolVar(&shortTests, "short", true, "leave out the tests that take seconds; what only they notice then counts as unnoticed")
	list := flag.Bool("list", false, "print the changes and try none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args(), *budget, *least, *seed, *most, *workers, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folders []string, budget time.Duration, least float64, seed int64, most, workers int, list bool) error {
	if len(folders) == 0 {
		return fmt.Errorf("no folders given")
	}
	same, err := readSame("hack/mutate/same.txt")
	if err != nil {
		return err
	}
	var packages []*pkg
	for _, folder := range folders {
		found, err := load(ctx, folder, same)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		packages = append(packages, found...)
	}
	for _, p := range packages {
		p.draw(seed)
		p.most = most
		if list {
			for _, c := range p.changes {
				fmt.Println(c)
			}
		}
	}
	if list {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for _, p := range packages {
		if err := p.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.folder, err)
		}
	}
	try(ctx, packages, workers)
	return report(packages, least)
}

// try tries the changes, one of each package in turn.
func try(ctx context.Context, packages []*pkg, workers int) {
	type job struct {
		*pkg
		change
	}
	jobs := make(chan job)
	var all sync.WaitGroup
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := range jobs {
				j.note(j.change, j.test(ctx, j.change))
			}
		}()
	}
	for i := 0; ctx.Err() == nil; i++ {
		more := false
		for _, p := range packages {
			if i >= len(p.changes) || p.most > 0 && p.tried() >= p.most {
				continue
			}
			more = true
			select {
			case jobs <- job{p, p.changes[i]}:
			case <-ctx.Done():
			}
		}
		if !more {
			break
		}
	}
	close(jobs)
	all.Wait()
}

func report(packages []*pkg, least float64) error {
	below := 0
	for _, p := range packages {
		slices.SortFunc(p.missed, func(a, b change) int {
			if a.file != b.file {
				return len(a.file) - len(b.file)
			}
			return a.line - b.line
		})
		for _, c := range p.missed {
			fmt.Println("unnoticed:", c)
		}
		tried := p.noticed + len(p.missed)
		share := 100.0
		if tried > 0 {
			share = 100 * float64(p.noticed) / float64(tried)
		}
		fmt.Printf("%s: %d of %d noticed, %.0f %%; %d did not compile, %d of %d drawn\n",
			p.folder, p.noticed, tried, share, p.broken, tried+p.broken, len(p.changes))
		if share < least {
			below++
		}
	}
	if below > 0 {
		return fmt.Errorf("in %d packages fewer than %.0f %% were noticed", below, least)
	}
	return nil
}

// relative shortens a path for people.
func relative(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if r, err := filepath.Rel(wd, path); err == nil {
			return r
		}
	}
	return path
}
