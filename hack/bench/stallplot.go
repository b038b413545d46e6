package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var stallColors = map[string]color.Color{
	pushNever:  color.RGBA{0x00, 0x00, 0x00, 0xff},
	pushSlowly: color.RGBA{0x66, 0x66, 0x66, 0xff},
	pulled:     color.RGBA{0xd5, 0x5e, 0x00, 0xff},
}

// plotStall draws four quantities of all designs, one above the other.
func plotStall(all map[string][]stallSample, path string) error {
	plot.DefaultFont.Variant = "Sans"
	var rows [][]*plot.Plot
	for i, q := range []struct {
		axis  string
		value func(stallSample) float64
	}{
		{"goroutines", func(s stallSample) float64 { return float64(s.Goroutines) }},
		{"heap, MB", func(s stallSample) float64 { return s.Heap / 1e6 }},
		{"descriptors", func(s stallSample) float64 { return float64(s.Descriptors) }},
		{"a message waits, s", func(s stallSample) float64 { return s.Wait }},
	} {
		p := plot.New()
		p.Y.Label.Text = q.axis
		p.Y.Min, p.X.Min = 0, 0
		p.Add(plotter.NewGrid())
		if i == 0 {
			p.Title.Text = "600 nodes, a report a second each, while the other side stalls"
			p.Legend.Top, p.Legend.Left = true, true
		}
		for _, design := range stallDesigns {
			var points plotter.XYs
			for _, s := range all[design] {
				points = append(points, plotter.XY{X: s.Second, Y: q.value(s)})
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				return err
			}
			line.Color, line.Width = stallColors[design], vg.Points(1.5)
			if design == pulled {
				line.Width = vg.Points(3)
			}
			if design == pushSlowly {
				line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
			}
			p.Add(line)
			if i == 0 {
				p.Legend.Add(design, line)
			}
		}
		if i == 0 {
			p.Y.Max *= 1.4 // room for the legend
		}
		rows = append(rows, []*plot.Plot{p})
	}
	rows[len(rows)-1][0].X.Label.Text = "seconds"
	canvas := vgsvg.New(18*vg.Centimeter, 24*vg.Centimeter)
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: vg.Points(8), PadRight: vg.Points(8)}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(row[0])
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
