package exposition

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// host writes what g gathers, without the families that the nodes have. A
// family that cannot be written is left out whole, for half a one would spoil
// the page.
func (p *page) host(g prometheus.Gatherer, nodes []column, format Format) error {
	mine := make(map[string]bool, len(nodes))
	for _, c := range nodes {
		mine[base(c.Name)] = true
	}
	families, err := g.Gather()
	for _, f := range families {
		if mine[base(f.GetName())] {
			continue
		}
		p.family.Reset()
		if bad := p.hostFamily(f, format); bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		p.write(p.family.Bytes())
	}
	return err
}

// hostFamily puts one family into p.family.
func (p *page) hostFamily(f *dto.MetricFamily, format Format) (err error) {
	if format == OpenMetrics {
		_, err = expfmt.MetricFamilyToOpenMetrics(&p.family, f)
	} else {
		_, err = expfmt.MetricFamilyToText(&p.family, f)
	}
	return err
}
