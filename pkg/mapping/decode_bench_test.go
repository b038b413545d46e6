//go:build go1.24

package mapping_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// BenchmarkDecode decodes one node's report, beside what encoding/json takes
// to unmarshal the same bytes into a plain struct.
func BenchmarkDecode(b *testing.B) {
	for name, shape := range map[string]fleet.Shape{"baseline": fleet.Baseline, "full": fleet.Full} {
		f := fleet.New(fleet.Options{Nodes: 1, Shape: shape})
		message := f.AppendJSON(nil, 0, time.Unix(1732362000, 0), time.Minute)
		b.Run(name+"/mapping", func(b *testing.B) {
			d, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			var r mapping.Report
			b.ReportAllocs()
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				if err := d.Decode(message, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				var doc sysinfo.Document
				if err := json.Unmarshal(message, &doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
