package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
)

const (
	maxAttributeBytes = 4 << 10 // of a file of sysfs, which is a page at most
	maxListBytes      = 64 << 20
	maxEntries        = 4096 // of a folder of sysfs
)

// lines reads one of /proc's files line by line. An error of a line costs that
// line, and is said once by the line's name: the rest of it may be counters,
// which are others every time.
func (p *reading) lines(path string, each func(line []byte) (name string, err error)) error {
	n := 0
	err := plainfile.Lines(path, maxListBytes, func(line []byte) {
		n++
		if name, err := each(line); err != nil {
			if name == "" {
				name = fmt.Sprint(n)
			}
			p.fail(once.Keyed(fmt.Sprintf("%s: line %s", path, name), fmt.Errorf("%s: line %.40q: %w", path, name, err)))
		}
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("%s is empty", path)
	}
	return err
}

// fieldError says which field of a line is none.
func fieldError(n int, field []byte, want string) error {
	return fmt.Errorf("field %d, %.40q, is no %s", n, field, want)
}

// counters parses fields, which are counted from first for an error's sake.
func counters(fields [][]byte, first int, into []uint64) error {
	for i := range into {
		n, err := strconv.ParseUint(string(fields[i]), 10, 64)
		if err != nil {
			return fieldError(first+i, fields[i], "counter")
		}
		into[i] = n
	}
	return nil
}

// folder is a device's folder of sysfs, whose files hold a value each. A file
// that is not there is a value that the device does not have; one that cannot
// be read, or holds something else than it should, is noted.
type folder struct {
	path   string
	failed []error
}

// fail notes a file that holds something else than it should. What it holds may
// be another value every time, which is no news.
func (f *folder) fail(name string, value any, what string) {
	path, format := filepath.Join(f.path, name), "%s: %v %s"
	if _, ok := value.(string); ok {
		format = "%s: %.40q %s"
	}
	f.failed = append(f.failed, once.Keyed(path+" "+what, fmt.Errorf(format, path, value, what)))
}

// err returns what was noted.
func (f *folder) err() error {
	switch len(f.failed) {
	case 0:
		return nil
	case 1:
		return f.failed[0]
	}
	texts, keys := make([]string, len(f.failed)), make([]string, len(f.failed))
	for i, err := range f.failed {
		texts[i], keys[i] = err.Error(), once.Key(err)
	}
	return once.Keyed(strings.Join(keys, "; "), errors.New(strings.Join(texts, "; ")))
}

// text returns the first line of the file, and whether there is one.
func (f *folder) text(name string) (string, bool) {
	text, err := readText(filepath.Join(f.path, name))
	if err != nil && !plainfile.IsMissing(err) {
		f.failed = append(f.failed, err)
	}
	return text, text != ""
}

// value is text of a file that has to hold something.
func (f *folder) value(name string) (string, bool) {
	path := filepath.Join(f.path, name)
	text, err := readText(path)
	if err == nil && text == "" {
		err = fmt.Errorf("%s is empty", path)
	}
	if err != nil && !plainfile.IsMissing(err) {
		f.failed = append(f.failed, err)
	}
	return text, err == nil
}

// number returns the number in the file, nil where there is none.
func (f *folder) number(name string) *float64 {
	text, ok := f.value(name)
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.fail(name, text, "is no number")
		return nil
	}
	v := float64(n)
	return &v
}

// bytes returns the size in the file, nil where there is none.
func (f *folder) bytes(name string) *uint64 {
	text, ok := f.value(name)
	if !ok {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		f.fail(name, text, "is no size")
		return nil
	}
	return &n
}

// flag returns whether the file says 1, nil where it says neither 1 nor 0.
func (f *folder) flag(name string) *bool {
	text, ok := f.value(name)
	if !ok {
		return nil
	}
	if text != "0" && text != "1" {
		f.fail(name, text, "is neither 0 nor 1")
		return nil
	}
	v := text == "1"
	return &v
}

// has tells whether there is a file of that name.
func (f *folder) has(name string) bool { return plainfile.Exists(filepath.Join(f.path, name)) }

// readText returns the first line of a small file.
func readText(path string) (string, error) {
	b, err := plainfile.Read(path, maxAttributeBytes)
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return strings.TrimSpace(string(bytes.Trim(line, "\x00"))), nil
}

// list returns the entries of a folder of sysfs that match the pattern, in the
// order of their numbers. A folder that the host does not have is an empty one.
func (p *reading) list(dir, pattern string) []string {
	dir = p.sys(dir)
	names, err := readNames(dir)
	if err != nil {
		if !plainfile.IsMissing(err) {
			p.fail(err)
		}
		return nil
	}
	var paths []string
	for _, name := range names {
		if ok, _ := filepath.Match(pattern, name); ok {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	sortNatural(paths)
	return paths
}

// readEach reads what stands at each of the paths, and returns what there is. read
// returns nil where there is nothing.
func readEach[T any](p *reading, paths []string, read func(i int) (*T, error)) (all []T) {
	for i, answer := range ask.Each(p.ctx, &p.asker, paths, read) {
		if answer.Value != nil {
			all = append(all, *answer.Value)
		}
		if answer.Err != nil {
			p.fail(named(paths[i], answer.Err))
		}
	}
	return all
}

// readNames returns the names in a folder, maxEntries at most.
func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(maxEntries)
	if err == io.EOF {
		err = nil
	}
	return names, err
}

// sortNatural puts hwmon2 before hwmon10.
func sortNatural(paths []string) {
	sort.Slice(paths, func(i, j int) bool {
		a, b := paths[i], paths[j]
		if len(a) != len(b) && strings.TrimRight(a, "0123456789") == strings.TrimRight(b, "0123456789") {
			return len(a) < len(b)
		}
		return a < b
	})
}
