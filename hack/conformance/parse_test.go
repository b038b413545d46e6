package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// metadata is what a parser says of a family beside its samples.
type metadata struct{ help, kind string }

// readAsPrometheus reads a page with the parser that Prometheus takes for its
// content type.
func readAsPrometheus(body []byte, contentType string, options textparse.ParserOptions) (page, map[string]metadata, error) {
	p, err := textparse.New(body, contentType, labels.NewSymbolTable(), options)
	if err != nil {
		return nil, nil, err
	}
	got, families := page{}, map[string]metadata{}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return got, families, nil
		}
		if err != nil {
			return nil, nil, err
		}
		switch entry {
		case textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			_, timestamp, value := p.Series()
			if timestamp != nil {
				return nil, nil, fmt.Errorf("%s has a timestamp", l)
			}
			all := l.Map()
			name := all[model.MetricNameLabel]
			delete(all, model.MetricNameLabel)
			s := series(name, all)
			if _, twice := got[s]; twice {
				return nil, nil, fmt.Errorf("%s stands twice", s)
			}
			got[s] = value
		case textparse.EntryHelp:
			name, help := p.Help()
			family := families[string(name)]
			if family.help != "" {
				return nil, nil, fmt.Errorf("a second HELP of %s", name)
			}
			family.help = string(help)
			families[string(name)] = family
		case textparse.EntryType:
			name, kind := p.Type()
			family := families[string(name)]
			if family.kind != "" {
				return nil, nil, fmt.Errorf("a second TYPE of %s", name)
			}
			family.kind = string(kind)
			families[string(name)] = family
		case textparse.EntryUnit: // of the host's families
		default:
			return nil, nil, fmt.Errorf("entry %v", entry)
		}
	}
}

// readAsExpfmt reads a page in a text format with prometheus/common.
func readAsExpfmt(body []byte) (page, error) {
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var all []*dto.MetricFamily
	for _, f := range families {
		all = append(all, f)
	}
	return ofFamilies(all)
}

func ofFamilies(families []*dto.MetricFamily) (page, error) {
	got := page{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			all := map[string]string{}
			for _, l := range m.GetLabel() {
				all[l.GetName()] = l.GetValue()
			}
			s := series(f.GetName(), all)
			if _, twice := got[s]; twice {
				return nil, fmt.Errorf("%s stands twice", s)
			}
			switch {
			case m.Gauge != nil:
				got[s] = m.GetGauge().GetValue()
			case m.Counter != nil:
				got[s] = m.GetCounter().GetValue()
			default:
				return nil, fmt.Errorf("%s is neither gauge nor counter", s)
			}
		}
	}
	return got, nil
}
