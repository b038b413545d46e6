package host

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Bounds of one report, so that no host, however odd, makes a report that the
// cloud cuts. With the custom values of package custom it stays below the
// cloud's 1000 samples.
const (
	maxPerKind   = 32  // elements of each list of the document
	maxSamples   = 690 // of all lists together
	maxTextBytes = 256 // of one string
)

// bound cuts the lists and strings of the document to what a report may hold,
// and returns what it cut. A report has no series twice and no text that is
// not UTF-8. Where a list is too long, what people look at first stays. Devices
// are the networks that have one behind them.
func bound(doc *sysinfo.Document, devices map[string]bool) (cut []error) {
	for _, text := range []*string{&doc.Host.OSImage, &doc.Host.Kernel, &doc.Host.EdgecoreVersion} {
		*text = boundText(*text)
	}
	for i := range doc.GPUs {
		doc.GPUs[i].Model = boundText(doc.GPUs[i].Model)
	}
	lists := []boundedList{
		newBounded("filesystems", &doc.Filesystems, 6, rankFilesystem, func(f *sysinfo.Filesystem) []*string {
			return []*string{&f.Mountpoint, &f.Device, &f.FSType}
		}),
		newBounded("disks", &doc.Disks, 5, rankDisk, func(d *sysinfo.Disk) []*string { return []*string{&d.Device} }),
		newBounded("networks", &doc.Networks, 10, func(n *sysinfo.Network) int { return rankNetwork(n.Device, devices[n.Device]) }, func(n *sysinfo.Network) []*string { return []*string{&n.Device} }),
		newBounded("temperatures", &doc.Temperatures, 1, rankTemperature, func(t *sysinfo.Temperature) []*string { return []*string{&t.Sensor} }),
		newBounded("gpus", &doc.GPUs, 5, nil, func(g *sysinfo.GPU) []*string { return []*string{&g.GPU} }),
		newBounded("power supplies", &doc.PowerSupplies, 5, nil, func(s *sysinfo.PowerSupply) []*string { return []*string{&s.Supply, &s.Type} }),
		newBounded("watchdogs", &doc.Watchdogs, 4, nil, func(w *sysinfo.Watchdog) []*string { return []*string{&w.Watchdog, &w.Identity} }),
	}
	limit := maxPerKind
	for ; limit > 1; limit-- {
		samples := 0
		for _, l := range lists {
			samples += min(l.len(), limit) * l.weight()
		}
		if samples <= maxSamples {
			break
		}
	}
	for _, l := range lists {
		if err := l.cut(limit); err != nil {
			cut = append(cut, err)
		}
	}
	return cut
}

// boundedList is a bounded of any element.
type boundedList interface {
	len() int
	weight() int
	cut(limit int) error
}

// bounded is one list of the document.
type bounded[E any] struct {
	kind    string
	list    *[]E
	samples int // of one element, at most
	rank    func(*E) int
	key     func(*E) []*string
}

// newBounded sorts the list by its key, so that a report's order stays the same
// from report to report, and drops what is there twice.
func newBounded[E any](kind string, list *[]E, samples int, rank func(*E) int, key func(*E) []*string) boundedList {
	b := &bounded[E]{kind, list, samples, rank, key}
	seen := make(map[string]bool, len(*list))
	kept := (*list)[:0]
	for _, e := range *list {
		for _, text := range key(&e) {
			*text = boundText(*text)
		}
		if k := b.joined(&e); !seen[k] {
			seen[k] = true
			kept = append(kept, e)
		}
	}
	sort.Slice(kept, func(i, j int) bool { return b.joined(&kept[i]) < b.joined(&kept[j]) })
	*list = kept
	return b
}

func (b *bounded[E]) joined(e *E) string {
	var joined strings.Builder
	for _, text := range b.key(e) {
		joined.WriteString(*text)
		joined.WriteByte(0)
	}
	return joined.String()
}

func (b *bounded[E]) len() int    { return len(*b.list) }
func (b *bounded[E]) weight() int { return b.samples }

// cut leaves the limit elements of the lowest ranks.
func (b *bounded[E]) cut(limit int) error {
	list := *b.list
	if len(list) <= limit {
		return nil
	}
	order := make([]int, len(list))
	ranks := make([]int, len(list))
	for i := range list {
		order[i] = i
		if b.rank != nil {
			ranks[i] = b.rank(&list[i])
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return ranks[order[i]] < ranks[order[j]] })
	names := make([]string, 0, len(list)-limit)
	for _, i := range order[limit:] {
		names = append(names, *b.key(&list[i])[0])
	}
	sort.Strings(names)
	sort.Ints(order[:limit])
	kept := make([]E, 0, limit)
	for _, i := range order[:limit] {
		kept = append(kept, list[i])
	}
	*b.list = kept
	return fmt.Errorf("%s: more than %d of %d; left out: %s", b.kind, limit, len(list), some(names))
}

// some names what there is room for in a log line.
func some(names []string) string {
	const most = 500
	text := ""
	for i, name := range names {
		if len(text)+len(name) > most {
			return fmt.Sprintf("%s and %d more", text, len(names)-i)
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// boundText makes s valid UTF-8 of a label's length.
func boundText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxTextBytes {
		return s
	}
	end := maxTextBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
