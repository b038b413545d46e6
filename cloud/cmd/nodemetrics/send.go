package main

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"time"

	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// sent is how many reports were put into the channel.
var sent atomic.Int64

// send puts a report into the module's beehive channel, as cloudhub and the
// router would hand it on.
func send(node string, content []byte) {
	sent.Add(1)
	msg := model.NewMessage("").
		BuildRouter("bus", "user", "node/"+node+"/default/user/sysinfo", model.UploadOperation).
		FillBody(content)
	beehiveContext.Send(nodemetrics.ModuleName, *msg)
}

// hostName is the name this machine would have as a node: lower case, as
// Kubernetes wants it.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return strings.ToLower(name)
}

// reportSelf sends what can be read of this machine until ctx is done.
func reportSelf(ctx context.Context, name string, interval time.Duration) {
	reports := &report.Source{
		Host:     host.New(host.Options{}),
		Interval: interval,
		LeftOut:  func(err error) { klog.InfoS("This machine's report lacks something", "err", err) },
	}
	report.Every(ctx, 0, interval, func() {
		if content := reports.Message(ctx); content != nil {
			send(name, content)
		}
	})
}

// simulate sends the reports of a fleet until ctx is done, spread evenly over
// the interval, from one goroutine.
func simulate(ctx context.Context, nodes int, interval time.Duration) {
	f := fleet.New(fleet.Options{Nodes: nodes})
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for round := 0; ; round++ {
		for i := range nodes {
			due := start.Add(time.Duration(round)*interval + interval*time.Duration(i)/time.Duration(nodes))
			if wait := time.Until(due); wait > 0 {
				timer.Reset(wait)
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
			} else if ctx.Err() != nil {
				return
			}
			if !silent(i, time.Since(start), interval) {
				send(f.Name(i), f.AppendJSON(nil, i, time.Now(), interval))
			}
		}
	}
}

// One node in restlessShare falls silent now and then.
const restlessShare = 20

func restless(nodes int) int { return (nodes + restlessShare - 1) / restlessShare }

// silence is how long: longer than the TTL without a config file.
func silence(interval time.Duration) time.Duration { return max(time.Minute, 6*interval) }

// silent reports whether node i says nothing after elapsed. Restless nodes are
// up for twice the time that they are silent, each out of step with the others.
func silent(i int, elapsed, interval time.Duration) bool {
	if i%restlessShare != 0 {
		return false
	}
	s := silence(interval)
	const steps = 7 // no divisor of the period, so that the nodes spread over it
	phase := (elapsed + time.Duration(i/restlessShare)*3*s/steps) % (3 * s)
	return phase >= 2*s
}
