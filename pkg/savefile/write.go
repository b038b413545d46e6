package savefile

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// magic begins every file; the number is the version of the format. After it come
// records, each with a byte that says what it is:
//
//	F  families: how many, and the name of each
//	N  a node, whose block has the families of the newest F
//	E  the end: how many nodes there are
//
// and the SHA-256 of all that. Numbers are varints, but for floating-point ones,
// which are 8 bytes, little endian. Text and blocks have their length before them.
const magic = "edgegauge nodes 1\n"

const (
	recordFamilies = 'F'
	recordNode     = 'N'
	recordEnd      = 'E'
)

// temporary is how the names of unfinished files end, behind that of the file.
const temporary = ".unfinished"

// Write replaces the file at path by one with what r knows now, and returns how
// many nodes that is. On an error the old file stays.
func Write(path string, r *registry.Registry) (nodes int, err error) {
	// The name is always the same, so that a process that is killed leaves
	// at most one behind, which the next one removes.
	unfinished := path + temporary
	if info, err := os.Lstat(path); err == nil && info.Mode().Type()&^os.ModeSymlink != 0 {
		// A rename would replace whatever it is, even /dev/null.
		return 0, fmt.Errorf("writing %s: it is no regular file, and is left alone", path)
	}
	// Whatever has that name is in the way: to open a pipe waits for a reader, and a
	// link may lead anywhere.
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	return finish(f, path, r)
}

// finish writes the unfinished file, and puts it in the place of the one at path.
func finish(f *os.File, path string, r *registry.Registry) (nodes int, err error) {
	nodes, err = encode(f, r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return 0, fmt.Errorf("writing %s: %w", path, err)
	}
	return nodes, syncDir(filepath.Dir(path))
}

// syncDir makes a rename in a directory last.
func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// encoder writes records.
type encoder struct {
	w        *bufio.Writer
	families *mapping.Family // the first one of the newest F
	count    int             // of them
	nodes    int
	scratch  []byte
}

func encode(w io.Writer, r *registry.Registry) (nodes int, err error) {
	sum := sha256.New()
	e := encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)}
	_, _ = e.w.WriteString(magic) // an error stays until Flush
	if err := r.Save(e.node); err != nil {
		return 0, err
	}
	_ = e.w.WriteByte(recordEnd)
	e.uint(uint64(e.nodes))
	if err := e.w.Flush(); err != nil {
		return 0, err
	}
	_, err = w.Write(sum.Sum(nil))
	return e.nodes, err
}

func (e *encoder) node(v registry.Saved) error {
	if len(v.Families) > 0 && (e.families != &v.Families[0] || e.count != len(v.Families)) {
		e.families, e.count = &v.Families[0], len(v.Families)
		_ = e.w.WriteByte(recordFamilies)
		e.uint(uint64(len(v.Families)))
		for i := range v.Families {
			e.bytes([]byte(v.Families[i].Name))
		}
	}
	e.nodes++
	_ = e.w.WriteByte(recordNode)
	e.bytes([]byte(v.Name))
	down := uint64(0)
	if v.Down {
		down = 1
	}
	e.uint(down)
	e.time(v.Received)
	e.time(v.GraceEnd)
	e.float(v.Time)
	e.float(v.Interval)
	e.uint(uint64(v.Dropped))
	e.bytes(v.Block)
	_, err := e.w.Write(nil) // the first error there was
	return err
}

func (e *encoder) uint(n uint64) {
	e.scratch = binary.AppendUvarint(e.scratch[:0], n)
	_, _ = e.w.Write(e.scratch)
}

// time writes milliseconds since the Unix epoch, 0 for the zero time.
func (e *encoder) time(t time.Time) {
	ms := int64(0)
	if !t.IsZero() {
		ms = t.UnixMilli()
	}
	e.scratch = binary.AppendVarint(e.scratch[:0], ms)
	_, _ = e.w.Write(e.scratch)
}

func (e *encoder) float(f float64) {
	e.scratch = binary.LittleEndian.AppendUint64(e.scratch[:0], math.Float64bits(f))
	_, _ = e.w.Write(e.scratch)
}

func (e *encoder) bytes(b []byte) {
	e.uint(uint64(len(b)))
	_, _ = e.w.Write(b)
}
