//go:build go1.24

package nodemetrics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
)

// BenchmarkHandle handles the messages of a fleet whose every node has reported
// before, one after the other.
func BenchmarkHandle(b *testing.B) {
	for _, nodes := range []int{600, 10_000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			c := nodemetrics.DefaultConfig()
			c.Host = prometheus.NewRegistry()
			c.Limits.ReportsPerSecond = 100_000
			m, err := nodemetrics.New(c)
			if err != nil {
				b.Fatal(err)
			}
			f := fleet.New(fleet.Options{Nodes: nodes, Shape: fleet.Baseline})
			messages := make([]*model.Message, nodes)
			for i := range messages {
				messages[i] = model.NewMessage("").
					BuildRouter("bus", "user", "node/"+f.Name(i)+"/default/user/sysinfo", model.UploadOperation).
					FillBody(f.AppendJSON(nil, i, time.Now(), time.Minute))
				if _, err := m.Handle(messages[i]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := m.Handle(messages[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == nodes {
					i = 0
				}
			}
		})
	}
}
