package mapping

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"unsafe"
)

// bytes returns the JSON of content within the decoder's limit.
func (d *Decoder) bytes(content any) ([]byte, *Error) { return bytesWithin(content, d.limits.Bytes) }

// bytesWithin returns the JSON of content without copying where it is JSON already.
func bytesWithin(content any, limit int) ([]byte, *Error) {
	var data []byte
	switch c := content.(type) {
	case []byte:
		data = c
	case json.RawMessage:
		data = c
	case string:
		data = unsafe.Slice(unsafe.StringData(c), len(c)) // read only
	default:
		var err *Error
		if data, err = marshal(c, limit); err != nil {
			return nil, err
		}
	}
	if len(data) > limit {
		return nil, tooLarge(fmt.Sprintf("%d bytes", len(data)), limit)
	}
	return data, nil
}

func tooLarge(size string, limit int) *Error {
	return &Error{Reason: TooLarge, Offset: limit, Detail: fmt.Sprintf("%s, the limit is %d", size, limit)}
}

// marshal is json.Marshal, but neither more nor deeper than a message may be:
// json.Marshal follows a value however deep it is, until the stack overflows and
// the process ends, and however large it is.
//
// Another part of the process may still be changing the value: what that makes
// panic becomes an error. (The runtime ends the process when it sees a map
// written and read at once; no recover helps there.)
func marshal(v any, limit int) (data []byte, failed *Error) {
	defer func() {
		if p := recover(); p != nil {
			data, failed = nil, &Error{Reason: NotJSON, Detail: fmt.Sprintf("a %T that has no JSON form: panic: %.200v", v, p)}
		}
	}()
	m := measure{left: limit}
	switch m.value(reflect.ValueOf(v), 0); {
	case m.deep:
		return nil, &Error{Reason: TooDeep, Detail: fmt.Sprintf("a %T nested deeper than %d", v, MaxDepth)}
	case m.left < 0:
		return nil, tooLarge(fmt.Sprintf("a %T of more bytes than that as JSON", v), limit)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, &Error{Reason: NotJSON, Detail: fmt.Sprintf("a %T that has no JSON form: %v", v, err)}
	}
	return data, nil
}

// measure walks a value as json.Marshal does, and stops where it is known to be
// too deep, or too large even if each of its parts took the fewest bytes it can.
type measure struct {
	left int // of the bytes that the JSON may have
	deep bool
	hops int // of pointers and interfaces since the last object or array
}

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	rawType           = reflect.TypeFor[json.RawMessage]()
)

func (m *measure) done() bool { return m.deep || m.left < 0 }

func (m *measure) value(v reflect.Value, depth int) {
	if m.left--; m.done() || !v.IsValid() {
		return
	}
	switch t := v.Type(); {
	case t == rawType:
		m.left -= v.Len() - 1
		return
	case t.Implements(marshalerType) || t.Implements(textMarshalerType):
		return // what it writes is its own affair
	}
	switch v.Kind() {
	case reflect.String:
		m.left -= v.Len()
	case reflect.Pointer, reflect.Interface:
		if m.hops++; m.hops > MaxDepth {
			m.deep = true
			return
		}
		m.left++ // a pointer takes no bytes
		m.value(v.Elem(), depth)
	case reflect.Map:
		if !m.enter(depth) {
			return
		}
		for entries := v.MapRange(); entries.Next() && !m.done(); {
			m.left -= len(`"":`)
			if key := entries.Key(); key.Kind() == reflect.String {
				m.left -= key.Len()
			}
			m.part(entries.Value(), depth)
		}
	case reflect.Slice, reflect.Array:
		switch t := v.Type().Elem(); {
		case t.Kind() == reflect.Uint8 && v.Kind() == reflect.Slice: // base64
			m.left -= v.Len()
			return
		case !m.enter(depth):
			return
		}
		for i := 0; i < v.Len() && !m.done(); i++ {
			m.part(v.Index(i), depth)
		}
	case reflect.Struct:
		if !m.enter(depth) {
			return
		}
		for i := 0; i < v.NumField() && !m.done(); i++ {
			f := v.Type().Field(i)
			if f.Tag.Get("json") == "-" || !f.IsExported() && !f.Anonymous || v.Field(i).IsZero() {
				continue // not in the JSON, or perhaps not
			}
			m.part(v.Field(i), depth)
		}
	}
}

// part measures a part of an object or array that is depth deep, and the comma
// or bracket behind it.
func (m *measure) part(v reflect.Value, depth int) {
	m.left--
	m.hops = 0
	m.value(v, depth+1)
}

// enter begins an object or array that is depth deep.
func (m *measure) enter(depth int) bool {
	if depth == MaxDepth {
		m.deep = true
	}
	return !m.deep
}
