package host

import (
	"os"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// readProcesses counts the numbered folders of /proc.
func (r *Reader) readProcesses(doc *sysinfo.Document) error {
	dir, err := os.Open(r.options.ProcPath)
	if err != nil {
		return err
	}
	defer dir.Close()
	// Names alone: asking for each one's kind would cost a call per process.
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	var n uint64
	for _, name := range names {
		if '0' <= name[0] && name[0] <= '9' {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	doc.Processes = &sysinfo.Processes{Count: &n}
	return nil
}
