package statuspage

import (
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// family is a metric family with the samples of one node.
type family struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Help    string   `json:"help"`
	Samples []sample `json:"samples"`
}

type sample struct {
	Labels []label `json:"-"`
	// ByName are the labels for JSON.
	ByName map[string]string `json:"labels"`
	// Value is as on the page of metrics, since JSON has no NaN.
	Value string `json:"value"`
}

type label struct{ Name, Value string }

// samples reads a node's lines.
func samples(families []mapping.Family, b registry.Block) []family {
	var all []family
	if b == nil {
		return all
	}
	_, lines := b.Split()
	last := -1
	for len(lines) > 0 {
		index := lines.Family()
		end, rest := lines.Next()
		lines = rest
		if index >= len(families) {
			continue
		}
		if index != last {
			f := &families[index]
			all = append(all, family{Name: f.Name, Type: string(f.Type), Help: f.Help})
			last = index
		}
		f := &all[len(all)-1]
		f.Samples = append(f.Samples, readSample(end))
	}
	return all
}

// readSample reads the end of a line.
func readSample(end []byte) sample {
	s := sample{ByName: map[string]string{}}
	s.Value = registry.ReadLine(end, func(name, value string) {
		s.Labels = append(s.Labels, label{name, value})
		s.ByName[name] = value
	})
	return s
}
