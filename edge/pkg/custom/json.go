package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// parseJSON returns what b holds, which is one of
//
//	[{"name": "cell_volts", "labels": {"cell": "1"}, "value": 3.9}, …]
//	{"battery_volts": 12.6, "door_open": true}
//
// where true is 1 and false is 0.
func parseJSON(b []byte) (c contents, err error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) > 0 && b[0] == '[':
		var elements []json.RawMessage
		if err := unmarshal(b, &elements); err != nil {
			return c, err
		}
		for i, element := range elements {
			var e sysinfo.Custom
			err := unmarshal(element, &e)
			if !c.add(fmt.Sprintf("entry %d", i+1), e, err) {
				break
			}
		}
	case len(b) > 0 && b[0] == '{':
		return parseFlat(b)
	default:
		return c, errors.New("neither a JSON array nor a JSON object")
	}
	return c, nil
}

// unmarshal refuses unknown keys, which are misspelt ones, and a second value.
func unmarshal(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func parseFlat(b []byte) (c contents, err error) {
	var values map[string]json.RawMessage
	if err := unmarshal(b, &values); err != nil {
		return c, err
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value, err := number(values[name])
		if !c.add(fmt.Sprintf("%.100q", name), sysinfo.Custom{Name: name, Value: value}, err) {
			break
		}
	}
	return c, nil
}

// number reads a number or a bool.
func number(text []byte) (*float64, error) {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case float64:
		return &value, nil
	case bool:
		if value {
			return sysinfo.Ptr(1.0), nil
		}
		return sysinfo.Ptr(0.0), nil
	}
	return nil, errors.New("neither a number nor a bool")
}
