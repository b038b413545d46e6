package host

import (
	"path/filepath"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// watchdogs reads the hardware watchdogs.
func (p *reading) watchdogs() (fill, error) {
	paths := p.list("class/watchdog", "watchdog*")
	list := readEach(p, paths, func(i int) (*sysinfo.Watchdog, error) { return readWatchdog(paths[i]) })
	return func(doc *sysinfo.Document) { doc.Watchdogs = list }, nil
}

func readWatchdog(path string) (*sysinfo.Watchdog, error) {
	f := folder{path: path}
	w := &sysinfo.Watchdog{Watchdog: filepath.Base(path)}
	w.Identity, _ = f.text("identity")
	if state, ok := f.text("state"); ok {
		if state == "active" || state == "inactive" {
			w.Active = sysinfo.Ptr(state == "active")
		} else {
			f.fail("state", state, "is neither active nor inactive")
		}
	}
	w.TimeoutSeconds = f.number("timeout")
	if status := f.number("bootstatus"); status != nil {
		const cardReset = 0x20 // WDIOF_CARDRESET
		w.CausedReset = sysinfo.Ptr(uint64(*status)&cardReset != 0)
	}
	return w, f.err()
}
