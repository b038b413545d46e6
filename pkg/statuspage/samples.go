package statuspage

import (
	"strings"

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
		f.Samples = append(f.Samples, readSample(string(end)))
	}
	return all
}

// readSample reads the end of a line: labels with a comma before each, a brace, and
// the value.
func readSample(end string) sample {
	s := sample{ByName: map[string]string{}}
	for strings.HasPrefix(end, ",") {
		name, rest, ok := strings.Cut(end[1:], `="`)
		if !ok {
			break
		}
		value, rest := unquote(rest)
		s.Labels = append(s.Labels, label{name, value})
		s.ByName[name] = value
		end = rest
	}
	s.Value = strings.TrimSpace(strings.TrimPrefix(end, "}"))
	return s
}

// unquote reads a label's value as the text formats write it, up to its closing
// quote, and returns what stands behind that.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
