package mapping

import (
	"errors"
	"fmt"
	"strings"
)

// A path is a list of steps from the message's root object to a value.
type step struct {
	kind stepKind
	key  string // of stepKey
}

type stepKind uint8

const (
	stepKey  stepKind = iota // the value of one key of an object
	stepElem                 // each element of an array: key[]
	stepAny                  // the value of every key of an object: *
)

// parsePath reads the notation of mapping files: keys separated by dots, []
// behind a key for each element of an array, * for every key of an object,
// \ before a character of a key that is meant as itself, and a lone dot for
// the root.
func parsePath(s string) ([]step, error) {
	if s == "." {
		return nil, nil
	}
	var steps []step
	var key strings.Builder
	escaped := false
	flush := func() error {
		if key.Len() == 0 {
			return errors.New("an empty key")
		}
		name := key.String()
		key.Reset()
		if name == "*" && !escaped {
			steps = append(steps, step{kind: stepAny})
		} else {
			steps = append(steps, step{kind: stepKey, key: name})
		}
		escaped = false
		return nil
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
			if i == len(s) {
				return nil, errors.New(`a \ at the end`)
			}
			key.WriteByte(s[i])
			escaped = true
		case c == '.':
			if err := flush(); err != nil {
				return nil, err
			}
			if i == len(s)-1 {
				return nil, errors.New("a dot at the end")
			}
		case c == '[':
			if err := flush(); err != nil {
				return nil, err
			}
			if !strings.HasPrefix(s[i:], "[]") || (i+2 < len(s) && s[i+2] != '.') {
				return nil, fmt.Errorf("%q where only [] at the end of a key can stand", s[i:])
			}
			steps = append(steps, step{kind: stepElem})
			i += 2 // the dot, if there is one
			if i == len(s)-1 {
				return nil, errors.New("a dot at the end")
			}
			if i >= len(s) {
				return steps, nil
			}
		default:
			key.WriteByte(c)
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return steps, nil
}

// resolve returns the absolute path of ref, which is relative to the object
// at base; each leading ../ leaves one object or array element.
func resolve(base []step, ref string) ([]step, error) {
	for strings.HasPrefix(ref, "../") {
		ref = ref[len("../"):]
		if len(base) == 0 {
			return nil, errors.New("../ leads out of the message")
		}
		left := base[len(base)-1]
		base = base[:len(base)-1]
		if left.kind == stepElem { // an array is no object: leave it with its element
			base = base[:len(base)-1]
		}
	}
	rel, err := parsePath(ref)
	if err != nil {
		return nil, err
	}
	for _, s := range rel {
		if s.kind != stepKey {
			return nil, errors.New("a label has one value, so neither [] nor * can stand here")
		}
	}
	return append(base[:len(base):len(base)], rel...), nil
}
