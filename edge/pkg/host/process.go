package host

import (
	"errors"
	"io"
	"os"

	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// errHidden is of a /proc that shows this user's own processes alone.
var errHidden = errors.New("/proc hides other users' processes (hidepid)")

// processes counts the numbered folders of /proc.
func (p *reading) processes() (fill, error) {
	dir, err := os.Open(p.options.ProcPath)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var n uint64
	for {
		// Names alone: asking for each one's kind would cost a call per process.
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if isDigit(name[0]) {
				n++
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case n == 0:
		return nil, nil
	case p.hidden():
		return nil, errHidden
	}
	return func(doc *sysinfo.Document) { doc.Processes = &sysinfo.Processes{Count: &n} }, nil
}

// hidden tells whether /proc does not even show process 1, which every host
// has.
func (p *reading) hidden() bool { return !plainfile.Exists(p.proc("1")) }
