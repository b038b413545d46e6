package nodemetrics

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/edgegauge/edgegauge/pkg/spelling"
)

// decodeSection sets the fields of c by the section. Nothing in it is passed over:
// a key that there is not, one that stands there twice, a value of another type or
// none at all is an error with the value's path and line.
func decodeSection(c *Config, node *yaml.Node) error {
	return errors.Join(decodeValue(section, node, reflect.ValueOf(c).Elem())...)
}

func decodeValue(path string, node *yaml.Node, v reflect.Value) []error {
	node = resolve(node)
	wrong := func(must string) []error {
		return []error{fmt.Errorf("%s: %s, must be %s (line %d)", path, kindOfNode(node), must, node.Line)}
	}
	if isNull(node) {
		return []error{fmt.Errorf("%s: no value; leave the key out to have its default (line %d)", path, node.Line)}
	}
	text := node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str"
	switch {
	case v.Type() == reflect.TypeFor[Duration]():
		d, err := time.ParseDuration(node.Value)
		if !text || err != nil {
			return wrong("a duration such as 90s, 3m or 24h")
		}
		v.Set(reflect.ValueOf(Duration{d}))
	case v.Kind() == reflect.Struct:
		if node.Kind != yaml.MappingNode {
			return wrong("an object")
		}
		return decodeObject(path, node, v)
	case v.Kind() == reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			return wrong("a list")
		}
		list := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
		var errs []error
		for i, item := range node.Content {
			errs = append(errs, decodeValue(fmt.Sprintf("%s[%d]", path, i), item, list.Index(i))...)
		}
		v.Set(list)
		return errs
	case v.Kind() == reflect.String:
		if !text {
			return wrong("a string; put it in quotes if it is one")
		}
		v.SetString(node.Value)
	case v.Kind() == reflect.Bool:
		var b bool
		if node.Kind != yaml.ScalarNode || node.Decode(&b) != nil {
			return wrong("true or false")
		}
		v.SetBool(b)
	case v.Kind() == reflect.Int:
		n, ok := number(node)
		if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return wrong("a whole number")
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Float64:
		n, ok := number(node)
		if !ok {
			return wrong("a number")
		}
		v.SetFloat(n)
	default:
		panic("nodemetrics: a config field of the type " + v.Type().String())
	}
	return nil
}

// number reads a number in decimal. Of the other forms that YAML knows, some are
// not what they look like: 010 is eight.
func number(node *yaml.Node) (float64, bool) {
	if tag := node.ShortTag(); node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" {
		return 0, false
	}
	digits := strings.TrimLeft(node.Value, "+-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return 0, false
	}
	n, err := strconv.ParseFloat(node.Value, 64)
	return n, err == nil && !strings.ContainsAny(digits, "_xXpP")
}

func decodeObject(path string, node *yaml.Node, v reflect.Value) (errs []error) {
	fields := map[string]reflect.Value{}
	var names []string
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("json"); name != "" && name != "-" {
			fields[name] = v.Field(i)
			names = append(names, name)
		}
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := path + "." + shortened(key.Value)
		if before, twice := lines[key.Value]; twice {
			errs = append(errs, fmt.Errorf("%s: stands there twice (lines %d and %d)", at, before, key.Line))
			continue
		}
		lines[key.Value] = key.Line
		field, ok := fields[key.Value]
		switch {
		case ok:
			errs = append(errs, decodeValue(at, value, field)...)
		case key.ShortTag() == "!!merge":
			errs = append(errs, fmt.Errorf("%s: keys are not merged here, write them out (line %d)", at, key.Line))
		default:
			errs = append(errs, fmt.Errorf("%s: there is no such key; %s (line %d)", at, suggest(key.Value, names), key.Line))
		}
	}
	return errs
}

// suggest names the key that was meant, or all that there are.
func suggest(key string, names []string) string {
	nearest, least := "", 3
	for _, name := range names {
		if d := spelling.Distance(strings.ToLower(key), strings.ToLower(name)); d < least && d < len(name) {
			nearest, least = name, d
		}
	}
	if nearest != "" {
		return "is " + nearest + " meant?"
	}
	return "there are " + strings.Join(names, ", ")
}
