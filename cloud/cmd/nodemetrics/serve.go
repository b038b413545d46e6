package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// flags are those of serving.
type flags struct {
	config   string
	address  string
	simulate int
	interval time.Duration
	replay   string
}

func parse(args []string) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("nodemetrics", flag.ContinueOnError)
	set.Usage = func() {
		fmt.Fprint(set.Output(), usage)
		set.PrintDefaults()
	}
	set.StringVar(&f.config, "config", "", "cloudcore config `file` whose section modules.nodeMetrics to use")
	set.StringVar(&f.address, "bind-address", "", "`host:port` to serve on, before that of the config; 127.0.0.1:10005 without either")
	set.IntVar(&f.simulate, "simulate-nodes", 0, "how many simulated nodes report")
	set.DurationVar(&f.interval, "report-interval", 10*time.Second, "time between two reports of a node")
	set.StringVar(&f.replay, "replay", "", "`file` of beehive messages to handle, one JSON object a line, instead of reporting this machine; - is standard input")
	logs := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(logs)
	verbosity := logs.Lookup("v")
	set.Var(verbosity.Value, "v", "verbosity of the log: 2 tells of every node that comes or goes, 4 of every rejected report")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case set.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case f.simulate < 0 || f.simulate > 1_000_000:
		return nil, fmt.Errorf("--simulate-nodes: %d, must be from 0 to 1000000", f.simulate)
	case f.interval < 100*time.Millisecond || f.interval > time.Hour:
		return nil, fmt.Errorf("--report-interval: %v, must be from 100ms to 1h", f.interval)
	}
	return f, nil
}

// moduleConfig is the config file's section, or one for looking around.
func (f *flags) moduleConfig() (nodemetrics.Config, error) {
	c, err := nodemetrics.LoadConfig(f.config)
	if err != nil {
		return c, err
	}
	if f.config == "" {
		c.BindAddress = "127.0.0.1:10005"
		c.NodeTTL.Duration = max(30*time.Second, 3*f.interval) // short, so that expiry is seen
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

// serve runs beehive with the module until a signal ends it.
func serve(args []string) error {
	f, err := parse(args)
	if err != nil {
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
	if !c.Enable {
		return fmt.Errorf("%s: modules.nodeMetrics.enable is false", f.config)
	}
	if c.BindAddress == "" {
		return fmt.Errorf("%s: modules.nodeMetrics.bindAddress is empty, and there is no cloudcore here whose page to join: give --bind-address", f.config)
	}
	// The module would try again and again; a person wants to know at once.
	l, err := net.Listen("tcp", c.BindAddress)
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
	core.Register(m)
	core.StartModules()

	ctx := beehiveContext.GetContext() // done as soon as a signal comes
	var senders sync.WaitGroup
	send := func(f func(context.Context)) {
		senders.Add(1)
		go func() {
			defer senders.Done()
			f(ctx)
		}()
	}
	page := "http://" + reachable(c.BindAddress)
	fmt.Printf("Open %s/ for an overview, %s/metrics for the page that Prometheus scrapes.\n", page, page)
	if messages != nil {
		// Not waited for at the end: reading standard input cannot be ended.
		go replay(os.Stdout, m, f.replay, messages)
	} else {
		name := hostName()
		send(func(ctx context.Context) { reportSelf(ctx, name, f.interval) })
		fmt.Printf("This machine reports every %v as node %q: curl -s %s/metrics | grep 'node=\"%s\"'\n", f.interval, name, page, name)
	}
	if f.simulate > 0 {
		send(func(ctx context.Context) { simulate(ctx, f.simulate, f.interval) })
		fmt.Printf("%d simulated nodes report every %v; %d of them fall silent for %v now and then.\n",
			f.simulate, f.interval, restless(f.simulate), silence(f.interval))
	}
	fmt.Printf("A node that is silent for %v loses its series, and its edge_node_up turns 0.\n", c.NodeTTL)
	send(func(ctx context.Context) { summarize(ctx, os.Stdout, m) })

	core.GracefulShutdown()
	senders.Wait()
	fmt.Println("Stopped.")
	return nil
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
func summarize(ctx context.Context, out *os.File, m *nodemetrics.Module) {
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
