package main

import (
	"fmt"
	"strings"
)

// plot draws memory and goroutines over time, one above the other.
func plot(points []point) []byte {
	const width, height, left, gap = 720, 160, 70, 50
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width+left+20, 2*(height+gap))
	fmt.Fprintln(&b, `<rect width="100%" height="100%" fill="white"/>`)
	for i, panel := range []struct {
		title string
		value func(point) float64
	}{
		{"resident memory, MB", func(p point) float64 { return p.rss / 1e6 }},
		{"goroutines", func(p point) float64 { return p.goroutines }},
	} {
		top := float64(30 + i*(height+gap))
		most, end := 1.0, 1.0
		for _, p := range points {
			most, end = max(most, 1.2*panel.value(p)), max(end, p.at)
		}
		fmt.Fprintf(&b, `<text x="%d" y="%.0f">%s</text>`+"\n", left, top-8, panel.title)
		for _, share := range []float64{0, 0.5, 1} {
			y := top + height*(1-share)
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n",
				left, left+width, y, y, left-6, y+4, most*share)
		}
		var line []string
		for _, p := range points {
			line = append(line, fmt.Sprintf("%.1f,%.1f", left+width*p.at/end, top+height*(1-panel.value(p)/most)))
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="#1f6fb4" stroke-width="1.5" points="%s"/>`+"\n", strings.Join(line, " "))
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" text-anchor="end">%.0f s</text>`+"\n", left+width, top+height+16, end)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
