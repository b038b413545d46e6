// Package custom reads the values that the owner of a node puts into files:
// readings of a battery, a PLC, an application, that no reporter can know.
//
// Files named *.json and *.prom in one folder are read for every report. An
// entry that breaks a rule is left out, and the others of its file count. JSON
// that is cut short or wrong is left out whole. Half of a file that is being
// written may be a wrong reading, so writers should write beside it and rename.
// Whatever the files hold, the entries returned are within the limits that
// the cloud puts on a report.
package custom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Limits of what is read. They leave the host's own values room in a report
// of 1000 samples.
const (
	MaxFiles     = 64
	MaxFileBytes = 64 << 10
	MaxEntries   = 300 // of all files together
	MaxLabels    = 8   // of one entry
	MaxTextBytes = 128 // of a name or a label's value
)

// Reader reads one folder again and again. It is not safe for concurrent use.
type Reader struct {
	// Dir is the folder. Empty means that there are no custom values.
	Dir string
	// MaxAge leaves out files that were not written for so long, for a
	// reading that nobody renews is no reading. Zero means however old.
	MaxAge time.Duration
	// Timeout bounds the wait for one file, which may lie on a file system
	// that does not answer. Zero means two seconds.
	Timeout time.Duration

	asker ask.Asker
}

// Read returns the entries of all files, ordered by file and place therein,
// and an error for each file or entry that was left out.
func (r *Reader) Read(ctx context.Context) ([]sysinfo.Custom, []error) {
	if r.Dir == "" {
		return nil, nil
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	half, cancelHalf := context.WithTimeout(ctx, timeout/2)
	defer cancelHalf()
	names, err := ask.One(half, &r.asker, "folder", r.names)
	if err != nil {
		return nil, []error{fmt.Errorf("reading custom values of %s: %w", r.Dir, err)}
	}
	var (
		all  []sysinfo.Custom
		errs []error
		seen = map[string]bool{}
	)
	fail := func(name string, err error) {
		errs = append(errs, fmt.Errorf("reading custom values of %s: %w", name, err))
	}
	if len(names) > MaxFiles {
		fail(r.Dir, fmt.Errorf("more than %d files; the rest is left out", MaxFiles))
		names = names[:MaxFiles]
	}
	for i, answer := range ask.Each(ctx, &r.asker, names, func(i int) (contents, error) { return r.file(names[i]) }) {
		name := names[i]
		if answer.Err != nil {
			fail(name, answer.Err)
			continue
		}
		for _, err := range answer.Value.leftOut() {
			fail(name, err)
		}
		for _, e := range answer.Value.entries {
			switch key := seriesKey(e); {
			case seen[key]:
				fail(name, fmt.Errorf("%s with the same labels is in another file already", e.Name))
			case len(all) == MaxEntries:
				fail(name, fmt.Errorf("more than %d entries; the rest is left out", MaxEntries))
				return all, errs
			default:
				seen[key] = true
				all = append(all, e)
			}
		}
	}
	return all, errs
}

// names lists the folder's files of either kind, sorted.
func (r *Reader) names() ([]string, error) {
	dir, err := os.Open(r.Dir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names := all[:0]
	for _, name := range all {
		ext := filepath.Ext(name)
		// Hidden files are those that somebody is about to rename.
		if (ext == ".json" || ext == ".prom") && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// file returns what one file holds.
func (r *Reader) file(name string) (c contents, err error) {
	path := filepath.Join(r.Dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	if !info.Mode().IsRegular() {
		return c, errors.New("not a regular file")
	}
	if r.MaxAge > 0 && time.Since(info.ModTime()) > r.MaxAge {
		return c, fmt.Errorf("not written for more than %v", r.MaxAge)
	}
	b, err := plainfile.Read(path, MaxFileBytes)
	if err != nil {
		return c, err
	}
	if filepath.Ext(name) == ".prom" {
		return parseProm(b), nil
	}
	return parseJSON(b)
}

// contents are what a file holds: the entries as the cloud will take them, and
// what was wrong with the others.
type contents struct {
	entries []sysinfo.Custom
	wrong   []error
	seen    map[string]bool
}

// add takes an entry in, or notes what is wrong with it, which may be known
// already. It returns false if there are too many.
func (c *contents) add(place string, e sysinfo.Custom, err error) bool {
	if err == nil {
		err = check(&e)
	}
	key := seriesKey(e)
	switch {
	case err != nil:
	case c.seen[key]:
		err = fmt.Errorf("%s twice with the same labels", e.Name)
	case len(c.entries) == MaxEntries:
		c.wrong = append(c.wrong, fmt.Errorf("more than %d entries; the rest is left out", MaxEntries))
		return false
	default:
		if c.seen == nil {
			c.seen = map[string]bool{}
		}
		c.seen[key] = true
		c.entries = append(c.entries, e)
		return true
	}
	c.wrong = append(c.wrong, fmt.Errorf("%s: %w", place, err))
	return true
}

// leftOut returns what was wrong, of many entries the first ones: a file may be
// wrong altogether.
func (c *contents) leftOut() []error {
	const most = 5
	if len(c.wrong) <= most {
		return c.wrong
	}
	return append(c.wrong[:most:most], fmt.Errorf("%d entries more are left out", len(c.wrong)-most))
}

// check makes e what the cloud will take, or says why it would not.
func check(e *sysinfo.Custom) error {
	if e.Name == "" {
		return errors.New("no name")
	}
	if err := checkText(e.Name); err != nil {
		return fmt.Errorf("the name %w", err)
	}
	if e.Value == nil || math.IsNaN(*e.Value) || math.IsInf(*e.Value, 0) {
		return fmt.Errorf("%s has no finite value", e.Name)
	}
	labels := make(map[string]string, len(e.Labels))
	for name, value := range e.Labels {
		renamed := sysinfo.CustomLabelName(name)
		if err := sysinfo.CheckLabelName(renamed); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if err := checkText(value); err != nil {
			return fmt.Errorf("%s: value of label %s %w", e.Name, name, err)
		}
		if _, there := e.Labels[renamed]; there && renamed != name {
			return fmt.Errorf("%s: label %s twice", e.Name, renamed)
		}
		if value != "" { // an empty label is one that is not there
			labels[renamed] = value
		}
	}
	if len(labels) > MaxLabels {
		return fmt.Errorf("%s has more than %d labels", e.Name, MaxLabels)
	}
	if e.Labels = labels; len(labels) == 0 {
		e.Labels = nil
	}
	return nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("is not UTF-8")
	}
	if len(s) > MaxTextBytes {
		return fmt.Errorf("is longer than %d bytes", MaxTextBytes)
	}
	return nil
}

// seriesKey identifies the series that an entry becomes.
func seriesKey(e sysinfo.Custom) string {
	pairs := make([]string, 0, len(e.Labels))
	for name, value := range e.Labels {
		pairs = append(pairs, name+"\x00"+value)
	}
	sort.Strings(pairs)
	return e.Name + "\x00" + strings.Join(pairs, "\x00")
}
