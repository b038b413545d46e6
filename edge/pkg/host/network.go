package host

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// networks reads /proc/net/dev, which shows the network namespace of this very
// process: in a container it takes hostNetwork to see the host's.
func (p *reading) networks() (fill, error) {
	var list []sysinfo.Network
	n := 0
	err := p.lines(p.proc("net/dev"), func(line []byte) (string, error) {
		if n++; n <= 2 || len(bytes.TrimSpace(line)) == 0 {
			return "", nil // two lines of head
		}
		at := bytes.LastIndexByte(line, ':') // a name may have colons
		if at < 0 {
			return "", errors.New("has no name of an interface")
		}
		name := string(bytes.TrimSpace(line[:at]))
		if p.options.NetworksExclude.MatchString(name) {
			return "", nil
		}
		fields := bytes.Fields(line[at+1:])
		if len(fields) < 16 {
			return name, fmt.Errorf("%d fields, want 16", len(fields))
		}
		values := make([]uint64, 16)
		if err := counters(fields, 1, values); err != nil {
			return name, err
		}
		list = append(list, sysinfo.Network{
			Device:               name,
			ReceiveBytesTotal:    &values[0],
			ReceivePacketsTotal:  &values[1],
			ReceiveErrorsTotal:   &values[2],
			ReceiveDropsTotal:    &values[3],
			TransmitBytesTotal:   &values[8],
			TransmitPacketsTotal: &values[9],
			TransmitErrorsTotal:  &values[10],
			TransmitDropsTotal:   &values[11],
		})
		return "", nil
	})
	names := make([]string, len(list))
	for i := range list {
		names[i] = "network " + list[i].Device
	}
	type link struct {
		up     *bool
		speed  *uint64
		device bool // there is one behind it
	}
	devices := map[string]bool{}
	for i, answer := range ask.Each(p.ctx, &p.asker, names, func(i int) (link, error) {
		f := folder{path: p.sys("class/net", list[i].Device)}
		return link{networkUp(&f), networkSpeed(&f), f.has("device")}, f.err()
	}) {
		list[i].Up, list[i].SpeedBytes = answer.Value.up, answer.Value.speed
		devices[list[i].Device] = answer.Value.device
		if answer.Err != nil {
			p.failf("state of %s: %w", list[i].Device, answer.Err)
		}
	}
	return func(doc *sysinfo.Document) {
		doc.Networks = list
		p.Reader.devices = devices
	}, err
}

// networkUp tells whether the interface can pass traffic, nil where the host
// does not say. Tunnels and modems often report the state "unknown"; they are
// up when they have a carrier or, where there is no telling that, when their
// administrator put them up.
func networkUp(f *folder) *bool {
	state, ok := f.text("operstate")
	if !ok {
		return nil
	}
	if state != "unknown" {
		return sysinfo.Ptr(state == "up")
	}
	up := administered(f)
	if up == nil || !*up {
		// Without this the carrier answers with an error.
		if up != nil || !f.has("carrier") {
			return up
		}
	}
	if f.has("carrier") {
		return f.flag("carrier")
	}
	return up
}

// administered tells whether the administrator put the interface up.
func administered(f *folder) *bool {
	text, ok := f.text("flags")
	if !ok {
		return nil
	}
	flags, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		f.fail("flags", text, "is no number")
		return nil
	}
	const iffUp = 1
	return sysinfo.Ptr(flags&iffUp != 0)
}

// networkSpeed returns the speed of the link. An interface without one answers
// with an error, with -1, or with what -1 is without a sign.
func networkSpeed(f *folder) *uint64 {
	text, err := readText(f.path + "/speed")
	if err != nil {
		return nil
	}
	megabits, err := strconv.ParseUint(text, 10, 64)
	const unknown16, unknown32 = 1<<16 - 1, 1<<32 - 1
	if err != nil || megabits == 0 || megabits >= unknown32 || megabits == unknown16 {
		return nil
	}
	return sysinfo.Ptr(megabits * 1_000_000 / 8)
}
