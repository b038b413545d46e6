package nodemetrics

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// ownFile stands beside cloudcore's file. cloudcore writes its own file anew at
// some starts and drops what it does not know; other keys of the ConfigMap, and
// so the files beside it, it leaves alone.
const ownFile = "nodemetrics.yaml"

// LoadConfig returns the section modules.nodeMetrics of the cloudcore config file
// at path, with defaults for the keys that it leaves out. A file nodemetrics.yaml
// in the same directory, of the same form, takes the place of the section, and must
// have it. Without path, file or section, all is default; see [Config.From]. What
// stands in the section and cannot be understood is an error; whether the values
// are within their bounds is for [Config.Validate] to say.
//
// A module made with the result takes up later changes of these files.
func LoadConfig(path string) (Config, error) {
	seen := &look{}
	c, err := loadConfig(path, seen.read)
	c.seen = seen
	return c, err
}

func loadConfig(path string, read func(name string) ([]byte, error)) (Config, error) {
	c := DefaultConfig()
	c.source = path
	if path == "" {
		return c, nil
	}
	for _, name := range files(path) {
		data, err := read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if c.from != "" {
			if node, err := findSection(data); err == nil && node != nil {
				c.shadowed = name
			}
			continue
		}
		if err != nil {
			return c, err
		}
		node, err := findSection(data)
		switch {
		case err != nil:
		case node != nil:
			c.from = name
			err = decodeSection(&c, node)
		case filepath.Base(name) == ownFile:
			err = fmt.Errorf("there is no section %s, but %s; the file must have the section, or not be there", section, keys(data))
		default:
			err = unwrapped(data)
		}
		if err != nil {
			return c, inFile(name, err)
		}
	}
	return c, nil
}

// inFile puts the file's name before every line of an error.
func inFile(name string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, fmt.Errorf("%s: %w", name, e))
	}
	return errors.Join(all...)
}

// From returns the file that the section was found in, "" if there was none.
func (c Config) From() string { return c.from }

// Shadowed returns the file that has the section too, for nothing, because a
// nodemetrics.yaml stands beside it; "" if there is none.
func (c Config) Shadowed() string { return c.shadowed }

// files are the places where the section may stand, the first one first.
func files(path string) []string {
	own := filepath.Join(filepath.Dir(path), ownFile)
	if own == filepath.Clean(path) {
		return []string{own}
	}
	return []string{own, path}
}

// LoadMapping reads a mapping file of bounded size.
func LoadMapping(name string) (*mapping.Mapping, error) { return loadMapping(name, readFile) }

func loadMapping(name string, read func(string) ([]byte, error)) (*mapping.Mapping, error) {
	data, err := read(name)
	if err != nil {
		return nil, err
	}
	m, err := mapping.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
