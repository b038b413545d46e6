package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
)

// whileRead asks p while its page is scraped back to back by another process.
// That stands for a Prometheus, which has a machine of its own: here it gets only
// the processor time that the server leaves.
func whileRead(p *process, q request) (reply, error) {
	self, err := os.Executable()
	if err != nil {
		return reply{}, err
	}
	reader, err := startCommand(exec.Command("nice", "-n", "19", self, "read", "-address", p.address, "-path", p.path))
	if err != nil {
		return reply{}, err
	}
	defer reader.stop()
	a, err := p.ask(q)
	if err != nil {
		return reply{}, err
	}
	_, err = reader.ask(request{Op: "read"})
	return a, err
}

// read is the process that scrapes a page back to back until its standard input
// ends. Any request asks whether that goes well.
func read(args []string) error {
	flags := flag.NewFlagSet("read", flag.ContinueOnError)
	address := flags.String("address", "", "")
	path := flags.String("path", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := &process{address: *address, path: *path}
	failed := make(chan error, 1)
	go func() {
		for encoding, next := "gzip", "identity"; ; encoding, next = next, encoding {
			if _, err := scrape(context.Background(), p, encoding, nil); err != nil {
				failed <- err
				return
			}
		}
	}()
	return control("", func(request) (reply, error) {
		select {
		case err := <-failed:
			return reply{}, err
		default:
			return reply{}, nil
		}
	})
}
