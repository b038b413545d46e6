package nodemetrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// ownFile stands beside cloudcore's file. cloudcore writes its own file anew at
// some starts and drops what it does not know; other keys of the ConfigMap, and
// so the files beside it, it leaves alone.
const ownFile = "nodemetrics.yaml"

// LoadConfig returns the section modules.nodeMetrics of the cloudcore config
// file at path, with defaults for what it leaves out. A file nodemetrics.yaml in
// the same directory, of the same form, takes the place of the section. Without
// path, file or section, all is default. The values are not checked: see
// [Config.Validate].
//
// A module made with the result takes up later changes of these files.
func LoadConfig(path string) (Config, error) {
	c, _, err := load(path)
	return c, err
}

// From returns the file that the section was found in, "" if there was none.
func (c Config) From() string { return c.from }

// load is LoadConfig, and says whether there was a section.
func load(path string) (c Config, found bool, err error) {
	c = DefaultConfig()
	c.source = path
	if path == "" {
		return c, false, nil
	}
	for _, name := range files(path) {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, false, err
		}
		if found, err = c.read(data); err != nil {
			return c, false, fmt.Errorf("%s: %w", name, err)
		}
		if found {
			c.from = name
			return c, true, nil
		}
	}
	return c, false, nil
}

// files are the places where the section may stand, the first one first.
func files(path string) []string {
	return []string{filepath.Join(filepath.Dir(path), ownFile), path}
}

// read takes the section out of a file's text and sets c's fields by it. The
// rest of the file is cloudcore's; in the section an unknown key is an error.
func (c *Config) read(data []byte) (found bool, err error) {
	var file struct {
		Modules map[string]any `json:"modules"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return false, err
	}
	value, found := file.Modules["nodeMetrics"]
	if !found {
		return false, nil
	}
	text, err := yaml.Marshal(value)
	if err != nil {
		return true, fmt.Errorf("%s: %w", section, err)
	}
	if err := yaml.UnmarshalStrict(text, c); err != nil {
		return true, fmt.Errorf("%s: %w", section, err)
	}
	return true, nil
}

func loadMapping(name string) (*sysinfo.Mapping, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	m, err := sysinfo.ParseMapping(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
