package host

import (
	"os"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// readNetworks reads /proc/net/dev, which shows the network namespace of this
// very process: in a container it takes hostNetwork to see the host's.
func (r *Reader) readNetworks(doc *sysinfo.Document) error {
	fs, err := r.procfs()
	if err != nil {
		return err
	}
	devices, err := fs.NetDev()
	for name, d := range devices {
		if r.options.NetworksExclude.MatchString(name) {
			continue
		}
		doc.Networks = append(doc.Networks, sysinfo.Network{
			Device:              name,
			Up:                  r.networkUp(name),
			ReceiveBytesTotal:   sysinfo.Ptr(d.RxBytes),
			TransmitBytesTotal:  sysinfo.Ptr(d.TxBytes),
			ReceiveErrorsTotal:  sysinfo.Ptr(d.RxErrors),
			TransmitErrorsTotal: sysinfo.Ptr(d.TxErrors),
		})
	}
	return err
}

// networkUp tells whether the interface can pass traffic, nil where the host
// does not say. Tunnels and modems often report the state "unknown" for want
// of a carrier; they count as up when their administrator put them up.
func (r *Reader) networkUp(name string) *bool {
	state, ok := readText(r.sys("class/net", name, "operstate"))
	if !ok {
		return nil
	}
	if state != "unknown" {
		return sysinfo.Ptr(state == "up")
	}
	text, ok := readText(r.sys("class/net", name, "flags"))
	if !ok {
		return nil
	}
	flags, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return nil
	}
	const iffUp = 1
	return sysinfo.Ptr(flags&iffUp != 0)
}

// readText returns the first line of one of sysfs' small files. Many of them
// exist and yet cannot be read (the device sleeps, or another user's), so a
// file that cannot be read is a value that is not there rather than an error.
func readText(path string) (string, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	line, _, _ := strings.Cut(string(b), "\n")
	line = strings.TrimSpace(line)
	return line, line != ""
}

// readNumber returns the number in one of sysfs' small files, which counts in
// fractions of the unit.
func readNumber(path string, fractions float64) *float64 {
	text, ok := readText(path)
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return sysinfo.Ptr(float64(n) / fractions)
}

// readBytes returns the size in one of sysfs' small files.
func readBytes(path string) *uint64 {
	text, ok := readText(path)
	if !ok {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
