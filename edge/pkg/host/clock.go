package host

import (
	"fmt"
	"path/filepath"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// clock asks the kernel how its clock is kept, and looks for a battery-backed
// one: without, a node's time is wrong until the network is there.
func (p *reading) clock() (fill, error) {
	c, err := p.timex()
	if err != nil {
		p.failf("adjtimex: %w", err)
	}
	if c == nil {
		c = &sysinfo.Clock{}
	}
	// The folder of classes tells a host without one from a host that hides it.
	if names, err := readNames(p.sys("class")); err == nil && len(names) > 0 {
		c.RTC = sysinfo.Ptr(false)
		for _, entry := range p.list("class/rtc", "rtc*") {
			if _, err := readText(filepath.Join(entry, "name")); err == nil {
				c.RTC = sysinfo.Ptr(true)
			}
		}
	}
	if *c == (sysinfo.Clock{}) {
		return nil, nil
	}
	return func(doc *sysinfo.Document) { doc.Clock = c }, nil
}

// Bits of adjtimex(2)'s status, and its answer of a clock that nothing keeps.
const (
	staNano   = 0x2000
	timeError = 5
)

// clockOf reads the answer of adjtimex(2).
func clockOf(state int, status int32, offset int64) (*sysinfo.Clock, error) {
	if state < 0 || state > timeError {
		return nil, fmt.Errorf("unknown state %d", state)
	}
	unit := 1e6
	if status&staNano != 0 {
		unit = 1e9
	}
	return &sysinfo.Clock{
		Synchronized:  sysinfo.Ptr(state != timeError),
		OffsetSeconds: sysinfo.Ptr(float64(offset) / unit),
	}, nil
}
