package nodemetrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"

	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/pkg/mapping"
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
	c := DefaultConfig()
	c.source = path
	if path == "" {
		return c, nil
	}
	for _, name := range files(path) {
		data, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, err
		}
		found, err := c.read(data)
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		if found {
			c.from = name
			break
		}
	}
	return c, nil
}

// From returns the file that the section was found in, "" if there was none.
func (c Config) From() string { return c.from }

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
	text, err := json.Marshal(value)
	if err != nil {
		return true, fmt.Errorf("%s: %w", section, err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(c); err != nil {
		return true, explain(err)
	}
	return true, nil
}

// explain says which value of the section is wrong, where the error knows.
func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", section, err)
	}
	path, kind := section, wrong.Type.String()
	if wrong.Field != "" {
		path += "." + wrong.Field
	}
	switch {
	case wrong.Type == reflect.TypeFor[Duration]():
		kind = "a duration such as 90s, 3m or 24h"
	case wrong.Type.Kind() == reflect.Struct:
		kind = "an object"
	case wrong.Type.Kind() == reflect.Slice:
		kind = "a list"
	}
	return fmt.Errorf("%s: %s, must be %s", path, wrong.Value, kind)
}

func loadMapping(name string) (*mapping.Mapping, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	m, err := mapping.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
