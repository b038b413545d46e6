package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// writtenPlainly refuses what a YAML reader takes for something else than it looks like, or
// passes over in silence: a number that is not in decimal, such as 010, which is
// eight, and a key without a value.
func writtenPlainly(data []byte) error {
	var root yaml.Node
	if yaml.Unmarshal(data, &root) != nil {
		return nil // the strict reader says it
	}
	for _, document := range root.Content {
		if document.Kind == yaml.MappingNode {
			return writtenOut("", document)
		}
	}
	return nil
}

func writtenOut(path string, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			at := strings.TrimPrefix(path+"."+shown(key.Value), ".")
			if err := readableKey(at, key); err != nil {
				return err
			}
			if err := writtenOut(at, value); err != nil {
				return err
			}
		}
	case yaml.SequenceNode:
		for i, element := range node.Content {
			if err := writtenOut(fmt.Sprintf("%s[%d]", path, i), element); err != nil {
				return err
			}
		}
	case yaml.ScalarNode:
		if node.ShortTag() == "!!null" {
			return fmt.Errorf("%s: no value; leave the key out, or give it one (line %d)", path, node.Line)
		}
		return inDecimal(path, node)
	}
	return nil // what an alias names is looked at where it stands
}

// inDecimal refuses a number in a form that readers of YAML take in different ways.
func inDecimal(path string, node *yaml.Node) error {
	if tag := node.ShortTag(); node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" {
		return nil
	}
	digits := strings.TrimLeft(node.Value, "+-")
	if strings.ContainsAny(digits, "fFaA") && !strings.ContainsAny(digits, "xX") { // .inf and .nan
		return fmt.Errorf("%s: %s is no finite number (line %d)", path, node.Value, node.Line)
	}
	zero := len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'
	if zero || strings.ContainsAny(digits, "_xXoObBpP") {
		return fmt.Errorf("%s: %s is not written in decimal, and YAML may take it for another number; put it in quotes if it is none (line %d)",
			path, shown(node.Value), node.Line)
	}
	return nil
}

// readableKey refuses a key that would become another word, as 1.0 becomes 1.
func readableKey(path string, key *yaml.Node) error {
	if err := inDecimal(path, key); err != nil {
		return err
	}
	switch key.ShortTag() {
	case "!!null":
		return fmt.Errorf("%s: a key that is null; put it in quotes if it is a word (line %d)", path, key.Line)
	case "!!float", "!!int":
		if n, err := strconv.ParseInt(key.Value, 10, 64); err != nil || strconv.FormatInt(n, 10) != key.Value {
			return fmt.Errorf("%s: a key that is the number %s; put it in quotes, so that it stays as it is written (line %d)", path, shown(key.Value), key.Line)
		}
	}
	return nil
}

// shown returns the beginning of a key or value of a file, for an error: one line of
// characters that can be seen.
func shown(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return strings.Trim(strconv.Quote(s), `"`)
	}
	return s
}
