package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	goyaml "gopkg.in/yaml.v2"
	"sigs.k8s.io/yaml"
)

// file is what a mapping file says.
type file struct {
	timestamp, interval *Field
	families            []Family
}

// unmarshal is yaml.UnmarshalStrict, but names the family of each error, and
// refuses what that would take silently: a second document, and the bools that
// would become the string "true" or "false", as in an enum {on: 1, off: 0}.
func unmarshal(data []byte, f *file) []error {
	var tree any
	d := goyaml.NewDecoder(bytes.NewReader(data))
	d.SetStrict(true)
	if err := d.Decode(&tree); err != nil && err != io.EOF {
		return []error{err}
	}
	if err := d.Decode(new(any)); err != io.EOF {
		return []error{errors.New("a second YAML document, there can be but one")}
	}
	if err := noBoolKey(tree); err != nil {
		return []error{err}
	}
	if err := writtenPlainly(data); err != nil {
		return []error{err}
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return []error{err}
	}
	var raw struct {
		Timestamp json.RawMessage   `json:"timestamp"`
		Interval  json.RawMessage   `json:"interval"`
		Families  []json.RawMessage `json:"families"`
	}
	if err := strict(text, &raw); err != nil {
		return []error{err}
	}
	if n := len(raw.Families); n > MaxFamilies {
		return []error{fmt.Errorf("families: %d, at most %d are possible", n, MaxFamilies)}
	}
	var errs []error
	f.families = make([]Family, len(raw.Families))
	for i, family := range raw.Families {
		one := &f.families[i]
		err := strict(family, one)
		if err == nil {
			err = scale(family, &one.Scale)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", strings.TrimSpace(fmt.Sprintf("families[%d] %s", i, one.Name)), err))
		}
		if one.Type == "" {
			one.Type = Gauge
		}
	}
	for _, field := range []struct {
		name string
		text json.RawMessage
		to   **Field
	}{{"timestamp", raw.Timestamp, &f.timestamp}, {"interval", raw.Interval, &f.interval}} {
		if len(field.text) == 0 {
			continue
		}
		*field.to = &Field{}
		err := strict(field.text, *field.to)
		if err == nil {
			err = scale(field.text, &(*field.to).Scale)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field.name, err))
		}
	}
	return errs
}

// scale sets the scale to 1 if text, the object that it was read from, does not
// give one: 0 is an error, see check.
func scale(text []byte, to *float64) error {
	var given struct{ Scale *float64 }
	err := json.Unmarshal(text, &given)
	if err == nil && given.Scale == nil {
		*to = 1
	}
	return err
}

const quote = " (y, n, on, off, yes and no are bools in YAML unless they stand in quotes)"

func strict(text []byte, v any) error {
	if err := exact(text, v); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	if wrong.Field == "" {
		return fmt.Errorf("an object is expected, and it is of type %s", wrong.Value)
	}
	hint := ""
	if wrong.Value == "bool" {
		hint = quote
	}
	return fmt.Errorf("%s: not of type %s but %s%s", wrong.Field, wrong.Type.Kind(), wrong.Value, hint)
}

// exact refuses a key that differs from one of v in case alone. The decoder would
// take it, and of a key in two cases only one.
func exact(text []byte, v any) error {
	var given map[string]json.RawMessage
	if json.Unmarshal(text, &given) != nil {
		return nil // the decoder says it better
	}
	known := reflect.TypeOf(v).Elem()
	for i := range known.NumField() {
		name, _, _ := strings.Cut(known.Field(i).Tag.Get("json"), ",")
		for key := range given {
			if key != name && strings.EqualFold(key, name) {
				return fmt.Errorf("unknown field %q; is %s meant?", key, name)
			}
		}
	}
	return nil
}

func noBoolKey(tree any) error {
	switch v := tree.(type) {
	case []any:
		for _, element := range v {
			if err := noBoolKey(element); err != nil {
				return err
			}
		}
	case map[any]any:
		for key, value := range v {
			if b, ok := key.(bool); ok {
				return fmt.Errorf("a key that is the bool %v%s", b, quote)
			}
			if err := noBoolKey(value); err != nil {
				return fmt.Errorf("%v: %w", key, err)
			}
		}
	}
	return nil
}
