package host

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// memory reads /proc/meminfo, whose sizes are kibibytes.
func (p *reading) memory() (fill, error) {
	path := p.proc("meminfo")
	sizes := map[string]uint64{}
	if err := p.lines(path, func(line []byte) (string, error) {
		if len(bytes.TrimSpace(line)) == 0 {
			return "", nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return string(line[:min(len(line), 40)]), errors.New("is not of the form name: size")
		}
		fields := bytes.Fields(value)
		if len(fields) == 0 {
			return string(name), errors.New("has no size")
		}
		n, err := strconv.ParseUint(string(fields[0]), 10, 54) // times 1024 it has to fit
		if err != nil {
			return string(name), fieldError(2, fields[0], "size")
		}
		sizes[string(name)] = n * 1024
		return "", nil
	}); err != nil {
		return nil, err
	}
	size := func(name string) *uint64 {
		if n, ok := sizes[name]; ok {
			return &n
		}
		return nil
	}
	m := sysinfo.Memory{
		TotalBytes:     size("MemTotal"),
		AvailableBytes: size("MemAvailable"),
		SwapTotalBytes: size("SwapTotal"),
		SwapFreeBytes:  size("SwapFree"),
	}
	if m.TotalBytes != nil && *m.TotalBytes == 0 {
		p.failf("%s: MemTotal is 0", path)
		m.TotalBytes = nil
	}
	// Some that make this file up for containers do not reckon well.
	for _, part := range []struct {
		name, whole string
		n           **uint64
		limit       *uint64
	}{{"MemAvailable", "MemTotal", &m.AvailableBytes, m.TotalBytes}, {"SwapFree", "SwapTotal", &m.SwapFreeBytes, m.SwapTotalBytes}} {
		if *part.n != nil && part.limit != nil && **part.n > *part.limit {
			p.fail(once.Keyed(path+" "+part.name, fmt.Errorf("%s: %s, %d bytes, is more than %s, %d", path, part.name, **part.n, part.whole, *part.limit)))
			*part.n = nil
		}
	}
	if _, told := sizes["MemAvailable"]; !told && m.TotalBytes != nil {
		available, err := p.estimateAvailable(sizes)
		if err != nil {
			p.failf("%s has no MemAvailable: %w", path, err)
		} else {
			m.AvailableBytes = &available
		}
	}
	if m == (sysinfo.Memory{}) {
		return nil, nil
	}
	return func(doc *sysinfo.Document) { doc.Memory = &m }, nil
}

// estimateAvailable computes what kernels before 3.14 do not tell, the way
// that later ones do: what is free beyond the low watermark, and of the page
// cache and the reclaimable slab what is not needed, half of it or the
// watermark. The watermark is five quarters of min_free_kbytes.
func (p *reading) estimateAvailable(sizes map[string]uint64) (uint64, error) {
	for _, name := range []string{"MemFree", "Active(file)", "Inactive(file)", "SReclaimable"} {
		if _, ok := sizes[name]; !ok {
			return 0, fmt.Errorf("it has no %s either, to estimate it from", name)
		}
	}
	text, err := readText(p.proc("sys/vm/min_free_kbytes"))
	if err != nil {
		return 0, err
	}
	minFree, err := strconv.ParseUint(text, 10, 50)
	if err != nil {
		return 0, fmt.Errorf("%s: %.40q is no size", p.proc("sys/vm/min_free_kbytes"), text)
	}
	low := minFree * 1024 * 5 / 4
	cache, slab := sizes["Active(file)"]+sizes["Inactive(file)"], sizes["SReclaimable"]
	available := sizes["MemFree"] + cache - min(cache/2, low) + slab - min(slab/2, low)
	return available - min(available, low), nil
}
