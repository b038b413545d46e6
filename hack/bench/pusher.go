package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientpush "github.com/prometheus/client_golang/prometheus/push"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// push is the process that stands for the cloudcore of the design being
// replaced: every message becomes a push to a Pushgateway.
func push(args []string) error {
	flags := flag.NewFlagSet("push", flag.ContinueOnError)
	gateway := flags.String("gateway", "", "")
	nodes := flags.Int("nodes", 600, "")
	base := flags.Int64("base", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	data := contender.NewData(*nodes, time.UnixMilli(*base))
	round := 0
	preparing := 0.0 // CPU seconds spent on making reports
	return control("", func(q request) (reply, error) {
		switch q.Op {
		case "cpu":
			return reply{CPU: cpuTime() - preparing}, nil
		case "load":
			start := time.Now()
			for i := q.First; i < q.First+q.Count; i++ {
				before := cpuTime()
				r := data.Report(i, round)
				preparing += cpuTime() - before
				if err := pushReport(*gateway, r); err != nil {
					return reply{}, fmt.Errorf("pushing for node %d: %w", i, err)
				}
			}
			round++
			return reply{Cost: cost{Nanoseconds: float64(time.Since(start).Nanoseconds()) / float64(q.Count)}}, nil
		}
		return reply{}, fmt.Errorf("unknown request %q", q.Op)
	})
}

// pushReport makes a registry, gauges and a pusher for one message, as the
// design being replaced did.
func pushReport(gateway string, r contender.Report) error {
	registry := prometheus.NewRegistry()
	for i := range contender.Families {
		f := &contender.Families[i]
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.Name, Help: "A quantity of an edge node."}, f.Labels)
		for _, k := range f.Series {
			values := make([]string, 0, 3)
			for _, l := range contender.Layout[k].Labels {
				values = append(values, l.Value)
			}
			vec.WithLabelValues(values...).Set(r.Values[k])
		}
		if err := registry.Register(vec); err != nil {
			return err
		}
	}
	return clientpush.New(gateway, "edge").Grouping("node", r.Node).Gatherer(registry).Add()
}
