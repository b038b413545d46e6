package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// flags are those of run and replay.
type flags struct {
	config   string
	address  string
	simulate int
	interval time.Duration
	replay   string // a file of messages; "" reports this machine instead
}

// newRun returns the command that serves, under a name.
func newRun(name string, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: "Serve the reports of this machine, of a simulated fleet, or captured ones (the default)",
		Args:  arguments(0, ""),
		RunE:  func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), cmd.OutOrStdout(), f) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.replay, "replay", "", "`file` of beehive messages to handle, one JSON object a line, instead of reporting this machine; - is standard input")
	_ = cmd.MarkFlagFilename("replay")
	return cmd
}

// newReplay returns the command that serves what captured messages say.
func newReplay() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "replay MESSAGES",
		Short: "Handle captured messages, and serve what they say",
		Long: `replay handles captured messages, says what became of them, and serves the page
that they make until it is ended.

MESSAGES is a file of beehive messages, one JSON object a line; - is standard input.`,
		Args: arguments(1, "MESSAGES"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.replay = args[0]
			return serve(cmd.Context(), cmd.OutOrStdout(), f)
		},
	}
	f.add(cmd)
	return cmd
}

// add adds the flags to a command.
func (f *flags) add(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.config, "config", "", "cloudcore config `file` whose section modules.nodeMetrics to use")
	set.StringVar(&f.address, "bind-address", "", "`host:port` to serve on, before that of the config; "+lookAround+" without either")
	set.IntVar(&f.simulate, "simulate-nodes", 0, "how many simulated nodes report")
	set.DurationVar(&f.interval, "report-interval", 10*time.Second, "time between two reports of a node")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// lookAround is the address without a config: it shows itself to this machine only.
const lookAround = "127.0.0.1:10005"

// check checks the flags that have bounds.
func (f *flags) check() error {
	_, port, err := net.SplitHostPort(f.address)
	if n, bad := strconv.Atoi(port); f.address != "" && (err != nil || bad != nil || n < 0 || n > 65535) {
		return usageError{fmt.Errorf("--bind-address: %q, must be host:port with a port from 0 to 65535", f.address)}
	}
	switch {
	case f.simulate < 0 || f.simulate > 1_000_000:
		return usageError{fmt.Errorf("--simulate-nodes: %d, must be from 0 to 1000000", f.simulate)}
	case f.interval < 100*time.Millisecond || f.interval > time.Hour:
		return usageError{fmt.Errorf("--report-interval: %v, must be from 100ms to 1h", f.interval)}
	}
	return nil
}

// moduleConfig is the config file's section, or one for looking around.
func (f *flags) moduleConfig() (nodemetrics.Config, error) {
	if f.config != "" {
		// A cloudcore may start without its file; here it was asked for.
		if _, err := os.Stat(f.config); err != nil {
			return nodemetrics.Config{}, fmt.Errorf("--config: %w", err)
		}
	}
	c, err := nodemetrics.LoadConfig(f.config)
	if err != nil {
		return c, err
	}
	if f.config == "" {
		c.BindAddress = lookAround
		c.NodeTTL.Duration = max(30*time.Second, 3*f.interval) // short, so that expiry is seen
		if f.replay != "" && f.simulate == 0 {
			c.NodeTTL = c.Retention // captured messages come once, and are there to be looked at
		}
		c.Limits.Nodes = max(c.Limits.Nodes, f.simulate+1)
	}
	if f.address != "" {
		c.BindAddress = f.address
	}
	if f.replay != "" {
		// Captured messages come all at once.
		c.Limits.ReportsPerSecond = 100_000
	}
	host := prometheus.NewRegistry()
	host.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	c.Host = host
	return c, nil
}

// serve runs beehive with the module until ctx is done or a signal ends it.
func serve(ctx context.Context, out io.Writer, f *flags) error {
	if err := f.check(); err != nil {
		return err
	}
	c, err := f.moduleConfig()
	if err != nil {
		return err
	}
	m, err := nodemetrics.New(c)
	if err != nil {
		return err
	}
	if err := c.CheckFiles(); err != nil {
		return err
	}
	if !c.Enable {
		return fmt.Errorf("%s: modules.nodeMetrics.enable is false", f.config)
	}
	if c.BindAddress == "" {
		return fmt.Errorf("%s: modules.nodeMetrics.bindAddress is empty, and there is no cloudcore here whose page to join: give --bind-address", f.config)
	}
	// The module would try again and again; a person wants to know at once.
	l, err := net.Listen("tcp", c.BindAddress)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; give --bind-address another port", err)
	}
	if err != nil {
		return err
	}
	_ = l.Close()

	var messages io.ReadCloser
	if f.replay != "" {
		if messages, err = openReplay(f.replay); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	core.Register(m)
	core.StartModules()

	var senders sync.WaitGroup
	send := func(f func(context.Context)) {
		senders.Add(1)
		go func() {
			defer senders.Done()
			f(ctx)
		}()
	}
	page := c.Scheme() + "://" + reachable(c.BindAddress)
	fmt.Fprintf(out, "Open %s/ for an overview, %s/metrics for the page that Prometheus scrapes.\n", page, page)
	if messages != nil {
		// Not waited for at the end: reading standard input cannot be ended.
		go replay(ctx, out, m, f.replay, messages)
	} else {
		name := hostName()
		send(func(ctx context.Context) { reportSelf(ctx, name, f.interval) })
		fmt.Fprintf(out, "This machine reports every %v as node %q: curl -s %s/metrics | grep 'node=\"%s\"'\n", f.interval, name, page, name)
	}
	if f.simulate > 0 {
		send(func(ctx context.Context) { simulate(ctx, f.simulate, f.interval) })
		fmt.Fprintf(out, "%d simulated nodes report every %v; %d of them fall silent for %v now and then.\n",
			f.simulate, f.interval, restless(f.simulate), silence(f.interval))
	}
	fmt.Fprintf(out, "A node that is silent for %v loses its series, and its edge_node_up turns 0.\n", c.NodeTTL)
	send(func(ctx context.Context) { summarize(ctx, out, m) })

	<-ctx.Done()
	// A signal often comes twice, so the next one is heard only if this takes long.
	time.AfterFunc(3*time.Second, stop)
	senders.Wait()
	if n := sent.Load(); n > 0 {
		fmt.Fprintf(out, "%d reports sent, %d handled.\n", n, handled(m, n))
	}
	shutDown()
	ending, giveUp := context.WithTimeout(context.Background(), 10*time.Second)
	defer giveUp()
	m.Wait(ending)
	fmt.Fprintln(out, "Stopped.")
	return nil
}

// handled returns how many reports the module has handled, and waits a moment for
// those that are still in its channel.
func handled(m *nodemetrics.Module, sent int64) int64 {
	const patience = time.Second
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		v := totals(m)
		n := int64(v["nodemetrics_reports_total/accepted"] + v["nodemetrics_reports_total/rejected"])
		if n >= sent || time.Since(start) > patience {
			return n
		}
	}
}

// shutDown is beehive's GracefulShutdown without waiting for a signal of its own,
// and without its words.
func shutDown() {
	beehiveContext.Cancel()
	for name := range core.GetModules() {
		beehiveContext.Cleanup(name)
	}
}

// reachable is an address that a person on this machine can open.
func reachable(bind string) string {
	host, port, err := net.SplitHostPort(bind)
	if err != nil {
		return bind
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// summarize prints a line about the whole every half minute.
func summarize(ctx context.Context, out io.Writer, m *nodemetrics.Module) {
	const period = 30 * time.Second
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	last := 0.0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		v := totals(m)
		fmt.Fprintf(out, "%s  %.0f nodes fresh, %.0f expired; %.0f series; %.1f reports/s, %.0f rejected in all; %.0f goroutines, %.0f MB resident\n",
			time.Now().Format("15:04:05"), v["nodemetrics_nodes/fresh"], v["nodemetrics_nodes/expired"], v["nodemetrics_series"],
			(v["nodemetrics_reports_total/accepted"]-last)/period.Seconds(), v["nodemetrics_reports_total/rejected"],
			v["go_goroutines"], math.Ceil(v["process_resident_memory_bytes"]/1e6))
		last = v["nodemetrics_reports_total/accepted"]
	}
}

// totals reads the module's page: the sum of each family's samples by the label
// state or result.
func totals(m *nodemetrics.Module) map[string]float64 {
	sums := map[string]float64{}
	families, _ := m.Gather() // what can be had; the page counts the errors
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			key := f.GetName()
			for _, l := range metric.GetLabel() {
				if l.GetName() == "state" || l.GetName() == "result" {
					key += "/" + l.GetValue()
				}
			}
			sums[key] += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return sums
}
