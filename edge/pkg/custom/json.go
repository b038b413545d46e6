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

// parseJSON returns the entries of b, which is one of
//
//	[{"name": "cell_volts", "labels": {"cell": "1"}, "value": 3.9}, …]
//	{"battery_volts": 12.6, "door_open": true}
//
// where true is 1 and false is 0.
func parseJSON(b []byte) ([]sysinfo.Custom, error) {
	b = bytes.TrimSpace(b)
	var (
		entries []sysinfo.Custom
		err     error
	)
	switch {
	case len(b) > 0 && b[0] == '[':
		err = unmarshal(b, &entries)
	case len(b) > 0 && b[0] == '{':
		entries, err = parseFlat(b)
	default:
		err = errors.New("neither a JSON array nor a JSON object")
	}
	if err != nil {
		return nil, err
	}
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("more than %d entries", MaxEntries)
	}
	return check(entries)
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

func parseFlat(b []byte) ([]sysinfo.Custom, error) {
	var values map[string]any
	if err := unmarshal(b, &values); err != nil {
		return nil, err
	}
	entries := make([]sysinfo.Custom, 0, len(values))
	for name, value := range values {
		e := sysinfo.Custom{Name: name}
		switch value := value.(type) {
		case float64:
			e.Value = &value
		case bool:
			e.Value = sysinfo.Ptr(0.0)
			if value {
				e.Value = sysinfo.Ptr(1.0)
			}
		default:
			return nil, fmt.Errorf("value of %.100q is neither a number nor a bool", name)
		}
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
	return entries, nil
}
