package savefile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// ErrNotUsable is in the error of [Read] for a file that is damaged, of another
// version, or something else altogether.
var ErrNotUsable = errors.New("not a usable file of saved nodes")

const (
	longestText   = 1 << 10 // of a name
	longestBlock  = 1 << 28
	mostFamilies  = 1 << 16
	longestFile   = 1 << 34
	shortestFile  = len(magic) + 2 + sha256.Size
	checksumBytes = sha256.Size
)

// Read takes what the file at path has into r, and returns how many nodes were
// taken. m is the mapping in force. All of the file is checked before the first
// node is taken. See [registry.Registry.Restore] for which nodes are.
func Read(path string, r *registry.Registry, m *mapping.Mapping) (nodes int, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for a writer
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: %w: it is no regular file", path, ErrNotUsable)
	}
	if nodes, err = decode(f, info.Size(), r, m); err != nil {
		return nodes, fmt.Errorf("%s: %w", path, err)
	}
	return nodes, nil
}

// decode reads a file of a size. It reads it twice, so that it takes nothing of a
// file that is not as it was written, and has no more than one node in memory.
func decode(f io.ReadSeeker, size int64, r *registry.Registry, m *mapping.Mapping) (nodes int, err error) {
	if size < int64(shortestFile) || size > longestFile {
		return 0, fmt.Errorf("%w: it has %d bytes, not from %d to %d", ErrNotUsable, size, shortestFile, int64(longestFile))
	}
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(f, start); err != nil {
		return 0, err
	}
	if string(start) != magic {
		return 0, fmt.Errorf("%w: it begins with %q, not with %q", ErrNotUsable, start, magic)
	}
	sum := sha256.New()
	sum.Write(start)
	body := size - int64(len(magic)) - checksumBytes
	if _, err := io.CopyN(sum, f, body); err != nil {
		return 0, err
	}
	want := make([]byte, checksumBytes)
	if _, err := io.ReadFull(f, want); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return 0, fmt.Errorf("%w: its checksum is wrong", ErrNotUsable)
	}
	for _, take := range []bool{false, true} {
		if _, err := f.Seek(int64(len(magic)), io.SeekStart); err != nil {
			return 0, err
		}
		d := decoder{r: bufio.NewReaderSize(io.LimitReader(f, body), 1<<16)}
		if nodes, err = d.records(r, m, take); err != nil {
			return nodes, err
		}
	}
	return nodes, nil
}

// decoder reads records. After an error it reads nothing more.
type decoder struct {
	r        *bufio.Reader
	err      error
	families []mapping.Family
	block    []byte
}

func (d *decoder) records(r *registry.Registry, m *mapping.Mapping, take bool) (taken int, err error) {
	for nodes := uint64(0); ; {
		switch kind := d.byte(); {
		case d.err != nil:
		case kind == recordFamilies:
			d.readFamilies()
		case kind == recordNode:
			nodes++
			switch v := d.node(); {
			case d.err != nil:
			case take:
				restored, err := r.Restore(m, v)
				if err != nil {
					return taken, err // as it was checked, not to be expected
				}
				if restored {
					taken++
				}
			default:
				if err := v.Check(m); err != nil {
					d.fail("%v", err)
				}
			}
		case kind == recordEnd:
			if n := d.uint(math.MaxInt64); d.err == nil && n != nodes {
				d.fail("it has %d nodes, and says %d", nodes, n)
			}
			if d.err == nil {
				if _, err := d.r.ReadByte(); err != io.EOF {
					d.fail("it goes on behind its end")
				}
			}
			return taken, d.err
		default:
			d.fail("there is no record %q", kind)
		}
		if d.err != nil {
			return taken, d.err
		}
	}
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrNotUsable, fmt.Sprintf(format, args...))
	}
}

// failed notes an error of reading: what was checked has an end, so a file that
// ends before is wrong.
func (d *decoder) failed(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		d.fail("it ends too early")
	} else if d.err == nil {
		d.err = err
	}
}

func (d *decoder) readFamilies() {
	n := d.uint(mostFamilies)
	d.families = nil // registry.Restore knows families by where they are
	for i := uint64(0); i < n && d.err == nil; i++ {
		d.families = append(d.families, mapping.Family{Name: string(d.bytes(nil, longestText))})
	}
}

func (d *decoder) node() registry.Saved {
	v := registry.Saved{Name: string(d.bytes(nil, longestText)), Down: d.uint(1) == 1, Received: d.time(), GraceEnd: d.time(),
		Time: d.float(), Interval: d.float(), Dropped: int(d.uint(math.MaxInt32))}
	d.block = d.bytes(d.block, longestBlock)
	v.Block, v.Families = d.block, d.families
	return v
}

func (d *decoder) byte() byte {
	b, err := d.r.ReadByte()
	if err != nil {
		d.failed(err)
	}
	return b
}

func (d *decoder) uint(most uint64) uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d.r)
	switch {
	case err != nil:
		d.failed(err)
	case n > most:
		d.fail("a number is %d, more than %d", n, most)
	default:
		return n
	}
	return 0
}

func (d *decoder) time() (t time.Time) {
	if d.err != nil {
		return t
	}
	ms, err := binary.ReadVarint(d.r)
	if err != nil {
		d.failed(err)
	} else if ms != 0 {
		t = time.UnixMilli(ms)
	}
	return t
}

func (d *decoder) float() float64 {
	b := d.fill(nil, 8)
	if d.err != nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (d *decoder) bytes(room []byte, most uint64) []byte { return d.fill(room, d.uint(most)) }

// fill reads n bytes, into room if it has so many.
func (d *decoder) fill(room []byte, n uint64) []byte {
	if d.err != nil {
		return nil
	}
	const step = 1 << 20 // so that a wrong length takes no memory
	b := room[:0]
	for uint64(len(b)) < n {
		at := len(b)
		more := int(min(n-uint64(at), step))
		if cap(b)-at < more {
			grown := make([]byte, at, max(2*cap(b), at+more))
			copy(grown, b)
			b = grown
		}
		b = b[:at+more]
		if _, err := io.ReadFull(d.r, b[at:]); err != nil {
			d.failed(err)
			return nil
		}
	}
	return b
}
