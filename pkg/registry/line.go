package registry

import (
	"bytes"
	"strings"
)

// ReadLine reads the end of a line, or the node part and the end: it calls label for
// each label in turn, and returns the value as it stands on the page. Where the line
// is not as a [Block] has it, it reads what can be read.
func ReadLine(line []byte, label func(name, value string)) (value string) {
	for len(line) > 0 && (line[0] == '{' || line[0] == ',') {
		name, rest, ok := bytes.Cut(line[1:], []byte(`="`))
		if !ok {
			break
		}
		var v string
		v, line = unquote(rest)
		label(string(name), v)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line), "}"))
}

// unquote reads a label's value as the text formats write it, up to its closing
// quote, and returns what stands behind that.
func unquote(s []byte) (value string, rest []byte) {
	if i := bytes.IndexAny(s, `"\`); i >= 0 && s[i] == '"' {
		return string(s[:i]), s[i+1:] // the rule
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
