package registry

import (
	"encoding/binary"
	"strconv"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Block is one node's report as sample lines, which are the same in every text
// format, made once when the report comes and never changed.
//
// The lines of one family stand together, so that a page, which has all nodes'
// lines of a family together, copies one piece per node and family. A table of
// where each family begins stands before the text, in the same allocation.
type Block []byte

// StatusLines is how many of a block's families come first and are those of
// sysinfo.Status; those of the mapping follow, in its order.
const StatusLines = len(sysinfo.Status)

// The indexes of sysinfo.Status.
const (
	statusSkew = iota
	statusLastReport
	statusInterval
	statusUp
)

// Up is the index of the lines of edge_node_up. Their value is always 1 in a
// block, since it changes with time and a block does not.
const Up = statusUp

// Lines returns the sample lines of the i-th family, maybe none.
func (b Block) Lines(i int) []byte {
	table := b[4*i : 4*i+8]
	return b[binary.LittleEndian.Uint32(table):binary.LittleEndian.Uint32(table[4:])]
}

// status is what the registry itself knows of a node.
type status struct {
	received float64 // Unix seconds; 0: never
	interval float64 // seconds; 0: unknown
	time     float64 // Unix seconds by the node's clock; 0: unknown
}

// Pieces of a line: family{node="name",labels} value
const (
	openNode  = `{node="`
	closeNode = `"`
)

// render makes the block of a report; without a report only status lines.
func render(node string, report *sysinfo.Report, st status) Block {
	name := node
	if !plain(node) {
		name = string(sysinfo.AppendEscaped(nil, node))
	}
	var families []sysinfo.Family
	var samples []sysinfo.Sample
	if report != nil {
		families, samples = report.Mapping.Families(), report.Samples
	}

	const digits = 32 // room for a status value
	size := 4 * (StatusLines + len(families) + 1)
	for i := range sysinfo.Status {
		size += len(sysinfo.Status[i].Name) + len(openNode) + len(name) + len(closeNode) + len("} \n") + digits
	}
	statusRoom := size
	for i := range samples {
		s := &samples[i]
		size += len(families[s.Family].Name) + len(openNode) + len(name) + len(closeNode) + len("} \n") + len(s.Value)
		if len(s.Labels) > 0 {
			size += 1 + len(s.Labels)
		}
	}

	// The status values' lengths are not known before: they are written
	// first into the stack, and the block gets its exact size.
	var room [512]byte
	head := room[:0]
	if statusRoom > len(room) {
		head = make([]byte, 0, statusRoom)
	}
	var ends [StatusLines]int
	for i := range sysinfo.Status {
		head = st.append(head, i, name)
		ends[i] = len(head)
	}
	table := 4 * (StatusLines + len(families) + 1)
	size = size - (statusRoom - table) + len(head)

	b := make([]byte, table, size)
	at := func(i int) { binary.LittleEndian.PutUint32(b[4*i:], uint32(len(b))) }
	at(0)
	b = append(b, head...)
	for i, end := range ends {
		binary.LittleEndian.PutUint32(b[4*(i+1):], uint32(table+end))
	}
	family := 0
	for i := range samples {
		s := &samples[i]
		for ; family < s.Family; family++ {
			at(StatusLines + family + 1)
		}
		b = append(b, families[s.Family].Name...)
		b = append(b, openNode...)
		b = append(b, name...)
		if len(s.Labels) > 0 {
			b = append(b, `",`...)
			b = append(b, s.Labels...)
			b = append(b, "} "...)
		} else {
			b = append(b, `"} `...)
		}
		b = append(b, s.Value...)
		b = append(b, '\n')
	}
	for ; family < len(families); family++ {
		at(StatusLines + family + 1)
	}
	return b
}

// append writes the i-th status line, if its value is known.
func (st *status) append(b []byte, i int, name string) []byte {
	switch {
	case i == statusSkew && (st.time == 0 || st.received == 0),
		i == statusLastReport && st.received == 0,
		i == statusInterval && st.interval == 0:
		return b
	}
	b = append(b, sysinfo.Status[i].Name...)
	b = append(b, openNode...)
	b = append(b, name...)
	b = append(b, `"} `...)
	switch i {
	case statusSkew:
		b = strconv.AppendFloat(b, st.time-st.received, 'f', 3, 64)
	case statusLastReport:
		b = strconv.AppendFloat(b, st.received, 'f', 3, 64)
	case statusInterval:
		b = strconv.AppendFloat(b, st.interval, 'g', -1, 64)
	case statusUp:
		b = append(b, '1')
	}
	return append(b, '\n')
}

// shed returns a block with b's status lines alone.
func (b Block) shed() Block {
	const table = uint32(4 * (StatusLines + 1))
	begin := binary.LittleEndian.Uint32(b)
	end := binary.LittleEndian.Uint32(b[4*StatusLines:])
	out := make([]byte, table, table+end-begin)
	for i := range StatusLines + 1 {
		binary.LittleEndian.PutUint32(out[4*i:], binary.LittleEndian.Uint32(b[4*i:])-begin+table)
	}
	return append(out, b[begin:end]...)
}

// plain reports whether name needs no escaping.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c == '"' || c == '\\' || c == '\n' {
			return false
		}
	}
	return true
}
