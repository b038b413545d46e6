// Command soak runs the built nodemetrics, with a fleet that reports through a real
// beehive, and scrapes it all the while. It fails if a report is lost, or if memory
// or goroutines go on growing after the first third of the time.
//
//	go run ./hack/soak [flags] BINARY
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"time"
)

type options struct {
	duration, interval, scrape time.Duration
	nodes                      int
	plot                       string
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 20*time.Minute, "how long it runs")
	flag.IntVar(&o.nodes, "nodes", 2000, "how many nodes report")
	flag.DurationVar(&o.interval, "interval", 6*time.Second, "time between two reports of a node; a minute is what they do as a rule")
	flag.DurationVar(&o.scrape, "scrape", 5*time.Second, "time between two scrapes")
	flag.StringVar(&o.plot, "plot", "bin/soak.svg", "`file` to write a plot to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, binary string) error {
	if binary == "" {
		return errors.New("no binary given")
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "--bind-address", address, "--simulate-nodes", strconv.Itoa(o.nodes), "--report-interval", o.interval.String())
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Process.Kill()
	points, err := watch(ctx, o, "http://"+address+"/metrics")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, &out)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	kill := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("nodemetrics: %w\n%s", err, &out)
	}
	if err := os.WriteFile(o.plot, plot(points), 0o644); err != nil {
		return err
	}
	return errors.Join(complete(out.String(), o), flat(points, "memory", func(p point) float64 { return p.rss }, 0.05),
		flat(points, "goroutines", func(p point) float64 { return p.goroutines }, 0.05))
}

// point is what one scrape tells.
type point struct{ at, rss, goroutines, accepted, rejected float64 }

func watch(ctx context.Context, o options, url string) ([]point, error) {
	var points []point
	start := time.Now()
	ticker := time.NewTicker(o.scrape)
	defer ticker.Stop()
	failed := 0
	for time.Since(start) < o.duration {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
		p, err := scrape(url)
		if err != nil {
			if failed++; failed > 3 {
				return nil, err
			}
			continue
		}
		failed = 0
		p.at = time.Since(start).Seconds()
		points = append(points, p)
		const told = 12
		if len(points)%told == 0 {
			fmt.Printf("%4.0f s: %.1f MB, %.0f goroutines, %.0f reports accepted, %.0f rejected\n", p.at, p.rss/1e6, p.goroutines, p.accepted, p.rejected)
		}
	}
	return points, nil
}

// scrape fetches the page as Prometheus does, compressed.
func scrape(url string) (point, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return point{}, err
	}
	request.Header.Set("Accept-Encoding", "gzip")
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return point{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return point{}, errors.New(response.Status)
	}
	z, err := gzip.NewReader(response.Body)
	if err != nil {
		return point{}, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return point{}, err
	}
	return read(string(text))
}

// read takes from a page what a point has.
func read(text string) (p point, err error) {
	for _, x := range []struct {
		to    *float64
		start string
	}{
		{&p.rss, "process_resident_memory_bytes "},
		{&p.goroutines, "go_goroutines "},
		{&p.accepted, `nodemetrics_reports_total{reason="",result="accepted"} `},
	} {
		_, rest, ok := strings.Cut(text, "\n"+x.start)
		value, _, _ := strings.Cut(rest, "\n")
		if *x.to, err = strconv.ParseFloat(value, 64); !ok || err != nil {
			return p, fmt.Errorf("the page has no %s", x.start)
		}
	}
	for _, m := range rejected.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(m[1], 64)
		p.rejected += n
	}
	return p, nil
}

var (
	rejected = regexp.MustCompile(`(?m)^nodemetrics_reports_total\{reason="[a-z_]+",result="rejected"\} (\S+)$`)
	counted  = regexp.MustCompile(`(\d+) reports sent, (\d+) handled`)
)

// complete wants every report that was sent to have been handled, and as many of
// them as the fleet sends in that time.
func complete(out string, o options) error {
	m := counted.FindStringSubmatch(out)
	if m == nil {
		return fmt.Errorf("nodemetrics does not say what it sent:\n%s", out)
	}
	sent, _ := strconv.Atoi(m[1])
	handled, _ := strconv.Atoi(m[2])
	fmt.Printf("%d reports sent, %d handled\n", sent, handled)
	if sent != handled {
		return fmt.Errorf("%d reports were sent, %d handled", sent, handled)
	}
	// One node in twenty is silent now and then.
	if least := 0.9 * float64(o.nodes) * float64(o.duration/o.interval); float64(sent) < least {
		return fmt.Errorf("%d reports were sent, the fleet should send %.0f", sent, least)
	}
	return nil
}

// flat wants a value not to grow in the last two thirds of the time by more than a
// share of its mean, by the line that fits it best.
func flat(points []point, what string, value func(point) float64, most float64) error {
	points = points[len(points)/3:]
	if len(points) < 3 {
		return errors.New("too few scrapes to tell whether anything grows")
	}
	slope, mean := fit(points, value)
	span := points[len(points)-1].at - points[0].at
	fmt.Printf("%s: %.4g on average, %+.2f %% in %.0f s\n", what, mean, 100*slope*span/mean, span)
	if slope*span > most*mean {
		return fmt.Errorf("%s grew by %.1f %% in the last %.0f s", what, 100*slope*span/mean, span)
	}
	return nil
}

// fit returns the slope of the line through the points, and their mean.
func fit(points []point, value func(point) float64) (slope, mean float64) {
	n := float64(len(points))
	var t, v, tt, tv float64
	for _, p := range points {
		x, y := p.at, value(p)
		t, v, tt, tv = t+x, v+y, tt+x*x, tv+x*y
	}
	return (n*tv - t*v) / (n*tt - t*t), v / n
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
