package exposition

import (
	"errors"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// others writes the module's own families and the host's behind the nodes', each
// name but once, the nodes' first. The error tells what is not on the page.
func (p *page) others(own, host []*dto.MetricFamily, nodes []column, form form) error {
	if len(own)+len(host) == 0 {
		return nil
	}
	taken := make(names, 2*(len(nodes)+len(own)+len(host)))
	for _, c := range nodes {
		taken.take(c.Family.PageNames())
	}
	mine := make(names, len(own)+len(nodes))
	for _, f := range own {
		mine[f.GetName()] = true
	}
	for _, c := range nodes {
		mine[c.Name] = true
	}
	all := make([]*dto.MetricFamily, 0, len(own)+len(host))
	all = append(all, own...)
	for _, f := range host {
		// On the page of a host that has the module's Collector, both have it.
		if f != nil && !mine[f.GetName()] {
			all = append(all, form.scheme.family(f))
		}
	}
	whole := p.settle(all, taken, form.format)

	var errs []error
	for i, f := range all {
		parts := []*dto.MetricFamily{f}
		if !whole[i] {
			var err error
			if parts, err = split(f, taken); err != nil {
				errs = append(errs, err)
			}
		}
		for _, part := range parts {
			p.family.Reset()
			if err := p.otherFamily(part, form.format); err != nil {
				errs = append(errs, err)
				continue // half a family would spoil the page
			}
			p.write(p.family.Bytes())
		}
	}
	return errors.Join(errs...)
}

// settle takes the names of the families that can stand on the page as they are,
// and tells which. First come those that cannot be split, since of a counter, a
// summary or a histogram whose names meet another's the samples remain.
func (p *page) settle(all []*dto.MetricFamily, taken names, format format) (whole []bool) {
	whole = make([]bool, len(all))
	for _, simple := range []bool{true, false} {
		for i, f := range all {
			kind := f.GetType()
			if (kind == dto.MetricType_GAUGE || kind == dto.MetricType_UNTYPED) != simple {
				continue
			}
			claims := claims(f.GetName(), kind, format)
			if whole[i] = taken.free(claims) && !(format == openMetrics && odd(f)); whole[i] {
				taken.take(claims)
			}
		}
	}
	return whole
}

// otherFamily puts one family into p.family. A family that no library would make,
// such as one with a nil metric, is an error.
func (p *page) otherFamily(f *dto.MetricFamily, format format) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("family %s: %v", f.GetName(), r)
		}
	}()
	if format == openMetrics {
		_, err = expfmt.MetricFamilyToOpenMetrics(&p.family, f)
	} else {
		_, err = expfmt.MetricFamilyToText(&p.family, f)
	}
	return err
}
