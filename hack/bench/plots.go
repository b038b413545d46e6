package main

import (
	"image/color"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// writePlots draws the costs against the fleet's size, both logarithmic: a
// straight line at 45° is a cost that grows with the fleet.
func writePlots(r *results, dir string) error {
	for _, p := range []struct {
		file, title, axis string
		value             func(c *contenderResult) float64
	}{
		{"scrape.svg", "A gzip scrape", "server CPU, seconds", func(c *contenderResult) float64 { return c.Gzip.CPU }},
		{"scrape-plain.svg", "A plain scrape", "server CPU, seconds", func(c *contenderResult) float64 { return c.Plain.CPU }},
		{"memory.svg", "Heap after the load", "MB", func(c *contenderResult) float64 { return c.Heap / 1e6 }},
		{"report.svg", "A report", "CPU, microseconds", func(c *contenderResult) float64 {
			if c.Report == nil {
				return 0
			}
			return c.Report.CPU * 1e6
		}},
	} {
		if err := r.plot(filepath.Join(dir, p.file), p.title, p.axis, p.value); err != nil {
			return err
		}
	}
	return nil
}

// palette is Okabe and Ito's, which colour-blind readers can tell apart.
var palette = map[string]color.Color{
	edgegauge:          color.RGBA{0xd5, 0x5e, 0x00, 0xff},
	edgegaugeCollector: color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	pushgatewayChecked: color.RGBA{0x00, 0x00, 0x00, 0xff},
	pushgateway:        color.RGBA{0x66, 0x66, 0x66, 0xff},
	gaugeVec:           color.RGBA{0x00, 0x72, 0xb2, 0xff},
	constMetric:        color.RGBA{0x56, 0xb4, 0xe9, 0xff},
	stateStore:         color.RGBA{0x00, 0x9e, 0x73, 0xff},
	victoria:           color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	statsd:             color.RGBA{0xb8, 0xa8, 0x00, 0xff},
	static:             color.RGBA{0xaa, 0xaa, 0xaa, 0xff},
}

func (r *results) plot(path, title, axis string, value func(c *contenderResult) float64) error {
	plot.DefaultFont.Variant = "Sans"
	p := plot.New()
	p.Legend.Padding = vg.Points(2)
	p.Title.Text = title
	p.X.Label.Text = "nodes, 30 series each"
	p.Y.Label.Text = axis
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-4)
	p.Add(plotter.NewGrid())
	drawn := false
	for _, name := range order {
		var points plotter.XYs
		for _, nodes := range r.sizes() {
			if c := r.contender(nodes, name); c != nil {
				if y := value(c); y > 0 {
					points = append(points, plotter.XY{X: float64(nodes), Y: y})
				}
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, dots.Color = palette[name], palette[name]
		line.Width = vg.Points(1.2)
		if name == edgegauge {
			line.Width = vg.Points(3)
		}
		if name == static || name == edgegaugeCollector {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		dots.Shape = draw.CircleGlyph{}
		p.Add(line, dots)
		p.Legend.Add(titles[name], line)
		drawn = true
	}
	if !drawn {
		return nil
	}
	// Room for the legend above the lines.
	p.Y.Max *= 100
	p.X.Max *= 1.2
	p.X.Min /= 1.2
	return p.Save(20*vg.Centimeter, 15*vg.Centimeter, path)
}
