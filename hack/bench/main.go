// Command bench measures edgegauge beside what people use today, on the
// machine it runs on: the cost of a scrape, of a report, of memory, for fleets
// of several sizes. DESIGN of the measurement: README.md beside this file.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const usage = `usage:
  bench run [flags]      measure, then write results.json, RESULTS.md and the plots
  bench stall            run the old design and edgegauge while the other side stalls
  bench compressors      measure the compressors alone, into results.json
  bench render [flags]   write RESULTS.md, SCALE.md and the plots from results.json
flags of run:
`

// errShort says that the run is complete and that a target was missed.
var errShort = errors.New("a target was missed")

func main() {
	err := run(os.Args[1:])
	switch {
	case errors.Is(err, errShort):
		os.Exit(1)
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "serve":
		return serve(args)
	case "push":
		return push(args)
	case "read":
		return read(args)
	case "stalled":
		return stalled(args)
	case "stall":
		return stall(args)
	}

	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	fleets := flags.String("fleets", "600,10000", "fleet sizes to measure, in `nodes`")
	only := flags.String("contenders", "", "measure these contenders alone (a comma-separated list of names)")
	out := flags.String("out", ".", "write into this `directory`")
	profile := flags.String("profile", "", "write CPU profiles of edgegauge's scrapes into this `directory`")
	short := flags.Bool("quick", false, "fewer and shorter measurements, to try the program itself")
	if err := flags.Parse(args); err != nil {
		return err
	}

	switch command {
	case "run":
		sizes, err := parseSizes(*fleets)
		if err != nil {
			return err
		}
		b := &bench{out: *out, sizes: sizes, profile: *profile, quick: *short}
		if *only != "" {
			b.only = strings.Split(*only, ",")
		}
		results, err := b.run()
		if err != nil {
			return err
		}
		if err := results.save(filepath.Join(*out, "results.json")); err != nil {
			return err
		}
		return render(results, *out)
	case "compressors":
		file := filepath.Join(*out, "results.json")
		results, err := load(file)
		if err != nil {
			return err
		}
		for i := range results.Fleets {
			f := &results.Fleets[i]
			if f.Compressors, err = measureCompressors(f.Nodes, time.Now()); err != nil {
				return err
			}
		}
		if err := results.save(file); err != nil {
			return err
		}
		return render(results, *out)
	case "render":
		results, err := load(filepath.Join(*out, "results.json"))
		if err != nil {
			return err
		}
		return render(results, *out)
	}
	flags.Usage()
	return flag.ErrHelp
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 1_000_000 {
			return nil, fmt.Errorf("-fleets: %q is not a number of nodes from 1 to 1,000,000", s)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// render writes everything that is derived from the results, prints the
// targets and returns errShort if one was missed.
func render(r *results, dir string) error {
	if err := writePlots(r, dir); err != nil {
		return fmt.Errorf("plotting: %w", err)
	}
	verdicts := r.targets()
	if err := os.WriteFile(filepath.Join(dir, "RESULTS.md"), r.markdown(verdicts), 0o644); err != nil {
		return err
	}
	if page := r.scale(); page != nil {
		if err := os.WriteFile(filepath.Join(dir, "SCALE.md"), page, 0o644); err != nil {
			return err
		}
	}
	var err error
	for _, v := range verdicts {
		fmt.Println(v)
		if !v.ok {
			err = errShort
		}
	}
	return err
}
