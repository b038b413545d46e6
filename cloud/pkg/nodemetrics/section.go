package nodemetrics

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/edgegauge/edgegauge/pkg/spelling"
)

// findSection finds modules.nodeMetrics in a file's text; nil is for a file
// without. It is an error where somebody clearly meant the section and missed its
// place or its name, since all of it would count for nothing. The rest of the file
// is cloudcore's.
func findSection(data []byte) (*yaml.Node, error) {
	root, err := document(data)
	if err != nil || root == nil {
		return nil, err
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("must be an object, and is %s (line %d)", kindOfNode(root), root.Line)
	}
	if err := misplaced(root, nil); err != nil {
		return nil, err
	}
	modules, err := only(root, "modules", "modules")
	if err != nil || modules == nil || isNull(modules) {
		return nil, err
	}
	if modules.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("modules: must be an object, and is %s (line %d)", kindOfNode(modules), modules.Line)
	}
	return only(modules, "nodeMetrics", section)
}

// document parses a text that has one YAML document; nil is for none.
func document(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = decoder.Decode(&second)
	if err == nil {
		return nil, fmt.Errorf("a second YAML document begins before line %d, of which nothing would count", second.Line)
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	root := resolve(first.Content[0])
	if isNull(root) {
		return nil, nil
	}
	return root, nil
}

// only returns the value of a key that may stand in an object but once, nil if it
// does not.
func only(object *yaml.Node, key, path string) (value *yaml.Node, err error) {
	var line int
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value != key {
			continue
		}
		if value != nil {
			return nil, fmt.Errorf("%s: stands there twice (lines %d and %d)", path, line, object.Content[i].Line)
		}
		line, value = object.Content[i].Line, resolve(object.Content[i+1])
	}
	return value, nil
}

// marks are keys that nothing but the section has. Where they stand at the top or
// beside cloudcore's modules, what is around them was forgotten.
var marks = []string{"nodeTTL", "nodeTTLOverrides", "missedReports", "disconnectGrace", "nodeNameField", "mappingFile", "webConfigFile"}

// misplaced looks in all objects of a file for the section under another name or
// in another place.
func misplaced(object *yaml.Node, path []string) error {
	at := strings.Join(path, ".")
	for i := 0; i+1 < len(object.Content); i += 2 {
		key, value := object.Content[i], object.Content[i+1] // what an alias names is looked at where it stands
		here := strings.Join(append(path, shortened(key.Value)), ".")
		if at == "modules" && key.Value == "nodeMetrics" {
			continue
		}
		if resembles(key.Value, "nodeMetrics") {
			return fmt.Errorf("%s (line %d): the section must be named %s and stand there", here, key.Line, section)
		}
		if at == "" || at == "modules" {
			for _, mark := range marks {
				if strings.EqualFold(key.Value, mark) {
					return fmt.Errorf("%s (line %d): must stand in %s", here, key.Line, section)
				}
			}
		}
		const deep = 8 // cloudcore's own file is not
		if value.Kind == yaml.MappingNode && len(path) < deep {
			if err := misplaced(value, append(path, key.Value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwrapped looks for the section's keys at the top of a file without modules, which
// no cloudcore has: the section stands there without what belongs around it.
func unwrapped(data []byte) error {
	root, err := document(data)
	if err != nil || root == nil {
		return err
	}
	if modules, err := only(root, "modules", "modules"); err != nil || modules != nil {
		return err
	}
	own := reflect.TypeFor[Config]()
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := root.Content[i]
		for j := range own.NumField() {
			if name := own.Field(j).Tag.Get("json"); name != "-" && name != "" && strings.EqualFold(key.Value, name) {
				return fmt.Errorf("%s (line %d): must stand in %s", key.Value, key.Line, section)
			}
		}
	}
	return nil
}

// resembles reports whether a key is name, or what a slip of the hand makes of it.
func resembles(key, name string) bool {
	plain := func(s string) string { return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)) }
	return spelling.Distance(plain(key), plain(name)) <= 2
}

// keys lists the keys of a file's outermost object, for people.
func keys(data []byte) string {
	root, err := document(data)
	if err != nil || root == nil {
		return "nothing"
	}
	var names []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		const most = 5
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, shortened(root.Content[i].Value))
	}
	return strings.Join(names, ", ")
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kindOfNode names what a value is.
func kindOfNode(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "no value"
	case "!!str":
		return fmt.Sprintf("the string %q", cut(n.Value))
	case "!!bool":
		return "the bool " + n.Value
	case "!!int", "!!float":
		return "the number " + shortened(n.Value)
	}
	return fmt.Sprintf("%s of the type %s", shortened(n.Value), n.ShortTag())
}

// shortened returns the beginning of what a file has, for an error: one line of
// characters that can be seen.
func shortened(s string) string {
	s = cut(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return strings.Trim(strconv.Quote(s), `"`)
	}
	return s
}

func cut(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
