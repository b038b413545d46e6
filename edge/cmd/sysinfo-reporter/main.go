// Command sysinfo-reporter reads the edge node it runs on and publishes
// sysInfo reports over MQTT to edgecore's broker, from where KubeEdge carries
// them to the cloud.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// version is set by the linker.
var version = "devel"

func main() {
	// Two small rounds of garbage a minute are cheaper than the memory that
	// Go's defaults, made for servers, would let pile up.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Whatever hangs, the process ends when it is told to. What waits in the
	// kernel and cannot be interrupted even so, nobody can end.
	context.AfterFunc(ctx, func() {
		time.Sleep(farewell)
		os.Exit(0)
	})
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// farewell is the time to end in good order.
const farewell = 1500 * time.Millisecond

// run is main with its surroundings as arguments. It returns the exit status:
// 0, 1 for a failure, 2 for a wrong option.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	opts, err := parseOptions(args, environ)
	if err == nil && !opts.version {
		err = opts.folders()
	}
	switch {
	case errors.Is(err, errHelp):
		var text bytes.Buffer
		writeHelp(&text, (&options{}).flags())
		return write(stdout, stderr, text.Bytes())
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 2
	case opts.version:
		text := fmt.Sprintf("sysinfo-reporter %s %s/%s %s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
		return write(stdout, stderr, []byte(text))
	}
	for _, v := range opts.unknown {
		logger.Warn("Passed over a variable of the environment that is no flag's", "name", v.name, "didYouMean", v.meant)
	}
	if flags := opts.unusedTLS(); len(flags) > 0 && opts.output == "" {
		logger.Warn("The connection to the broker is not encrypted: these flags need ssl:// in --broker", "flags", flags, "broker", opts.broker)
	}
	source := opts.source(func(err error) { logger.Warn("Left out of the report", "err", err) })
	switch {
	case opts.output != "":
		err = opts.print(ctx, source, stdout)
	case opts.once:
		err = opts.sendOnce(ctx, source, logger)
	default:
		err = opts.report(ctx, source, logger)
	}
	if err != nil {
		logger.Error("Stopped", "err", err)
		return 1
	}
	return 0
}

// write writes a text, and returns the exit status: what is not there is no success.
func write(stdout, stderr io.Writer, text []byte) int {
	if _, err := stdout.Write(text); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// report reports until ctx ends.
func (o *options) report(ctx context.Context, source *report.Source, logger *slog.Logger) error {
	client, err := o.mqtt()
	if err != nil {
		return err
	}
	start := o.startOffset
	if start < 0 {
		start = report.RandomStart(o.interval)
	}
	logger.Info("Reporting", "version", version, "broker", o.broker, "topic", o.topic,
		"interval", o.interval, "firstReportIn", start.Round(time.Millisecond))
	source.Read(ctx) // so that the first report has a CPU ratio, and what is missing shows at once
	slot := report.NewSlot()
	done := make(chan struct{})
	go func() {
		defer close(done)
		publisher{client: client, logger: logger, backoff: o.backoff, clientID: o.clientID}.run(ctx, slot)
	}()
	report.Every(ctx, start, o.interval, func() { slot.Put(source.Message(ctx)) })
	<-done
	logger.Info("Stopped")
	return nil
}

// settle is the time that a single report's CPU ratio covers.
const settle = time.Second

// sendOnce sends one report and waits until the broker has it.
func (o *options) sendOnce(ctx context.Context, source *report.Source, logger *slog.Logger) error {
	client, err := o.mqtt()
	if err != nil {
		return err
	}
	source.Read(ctx)
	if !wait(ctx, settle) {
		return ctx.Err()
	}
	session, err := client.connect(ctx)
	if err != nil {
		return err
	}
	defer session.close()
	message := source.Message(ctx)
	if message == nil {
		return ctx.Err()
	}
	if err := session.publish(ctx, message); err != nil {
		return err
	}
	logger.Info("Sent one report", "topic", o.topic, "bytes", len(message), "broker", o.broker, "acknowledged", o.qos > 0)
	return nil
}

// print writes reports to a file or standard output instead of sending them:
// one for people to read, or one in a line at every interval.
func (o *options) print(ctx context.Context, source *report.Source, stdout io.Writer) (err error) {
	out := stdout
	if o.output != "-" {
		f, err := os.Create(o.output)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	write := func() {
		if doc := source.Read(ctx); ctx.Err() == nil {
			err = errors.Join(err, encoder.Encode(doc))
		}
	}
	source.Read(ctx)
	if o.once {
		if !wait(ctx, settle) {
			return ctx.Err()
		}
		encoder.SetIndent("", "  ")
		write()
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	report.Every(ctx, max(o.startOffset, 0), o.interval, func() {
		if write(); err != nil {
			cancel()
		}
	})
	return err
}

// wait waits for d and tells whether ctx lasted that long.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
