package mapping

import (
	"bytes"
	"fmt"
)

// walker is one pass over one message. Its functions are a recursive-descent
// parser of RFC 8259 that carries, beside the position in the bytes, the place
// in the plan; below a key that no path goes through the place is nil and the
// bytes are only checked.
type walker struct {
	data    []byte
	i       int // the next byte
	depth   int
	plan    *plan
	report  *Report
	limits  Limits
	mapping *Mapping
	empty   bool   // there are samples to take out
	notes   *notes // nil if drops are only counted
}

func (w *walker) fail(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Offset: w.i, Detail: fmt.Sprintf(format, args...)}
}

// unexpected says that the next byte, or the end, is not what JSON wants.
func (w *walker) unexpected(want string) *Error {
	if w.i >= len(w.data) {
		return w.fail(Truncated, "the end of the message where %s is expected", want)
	}
	return w.fail(NotJSON, "%q where %s is expected", w.data[w.i], want)
}

// next skips white space and returns the byte it stops at, 0 at the end.
func (w *walker) next() byte {
	for w.i < len(w.data) {
		c := w.data[w.i]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		w.i++
	}
	return 0
}

// message walks the whole message.
func (w *walker) message() *Error {
	if c := w.next(); c != '{' {
		// Tell other JSON apart from what is none at all.
		err := w.value(nil, 0)
		if err == nil && w.next() == 0 && w.i >= len(w.data) {
			w.i = 0
			return w.fail(NotObject, "%s, a JSON object is expected", excerpt(w.data))
		}
		if err == nil {
			err = w.unexpected("the end of the message")
		}
		return err
	}
	if err := w.value(w.plan.root, 0); err != nil {
		return err
	}
	if w.next(); w.i < len(w.data) {
		return w.unexpected("the end of the message")
	}
	return nil
}

func (w *walker) value(p *place, instance int32) *Error {
	switch c := w.next(); c {
	case '{':
		return w.object(p, instance)
	case '[':
		return w.array(p, instance)
	case 0:
		return w.unexpected("a value")
	default:
		value, err := w.scan(c)
		if err != nil || p == nil || value.kind == kindNone {
			return err
		}
		if p.only >= 0 {
			w.hit(p.only, instance, value)
		} else {
			w.scalar(p, instance, value)
		}
		return nil
	}
}

// scan reads a string, number, true, false or null.
func (w *walker) scan(c byte) (span, *Error) {
	switch c {
	case '"':
		return w.string()
	case 't':
		return w.word("true", kindTrue)
	case 'f':
		return w.word("false", kindFalse)
	case 'n':
		return w.word("null", kindNone)
	}
	return w.scanNumber()
}

func (w *walker) word(word string, k kind) (span, *Error) {
	start := w.i
	for j := range len(word) {
		if w.i >= len(w.data) || w.data[w.i] != word[j] {
			return span{}, w.unexpected(word)
		}
		w.i++
	}
	return span{uint32(start), uint32(w.i), k}, nil
}

// scanNumber reads the number that begins at w.i.
func (w *walker) scanNumber() (span, *Error) {
	data, i, k := w.data, w.i, kindDecimal
	want := "a value"
	if data[i] == '-' {
		i++
		want = "a digit"
	}
	start := i
	if i < len(data) && data[i] == '0' {
		i++
	} else {
		i = w.digits(i)
	}
	if i > start && i < len(data) && data[i] == '.' {
		want = "a digit"
		start = i + 1
		i = w.digits(start)
	}
	if i > start && i < len(data) && data[i]|0x20 == 'e' {
		want = "a digit"
		k = kindNumber
		if i++; i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		start = i
		i = w.digits(start)
	}
	if i == start {
		w.i = i
		return span{}, w.unexpected(want)
	}
	if i-w.i > longest {
		k = kindNumber
	}
	value := span{uint32(w.i), uint32(i), k}
	w.i = i
	return value, nil
}

// digits returns where the digits that begin at i end.
func (w *walker) digits(i int) int {
	for i < len(w.data) && w.data[i]-'0' <= 9 {
		i++
	}
	return i
}

// special marks the bytes that end or interrupt the plain part of a string.
var special = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return
}()

// string reads the string that begins at w.i.
func (w *walker) string() (span, *Error) {
	start := w.i + 1
	data, i, k := w.data, start, kindText
	for {
		for i < len(data) && !special[data[i]] {
			i++
		}
		w.i = i
		if i >= len(data) {
			return span{}, w.unexpected("the end of a string")
		}
		switch data[i] {
		case '"':
			w.i = i + 1
			return span{uint32(start), uint32(i), k}, nil
		case '\\':
			k = kindEscaped
			n := 2
			switch {
			case i+1 >= len(data):
				w.i = i + 1
				return span{}, w.unexpected("an escape")
			case data[i+1] == 'u':
				for n = 2; n < 6; n++ {
					if w.i = i + n; w.i >= len(data) || unhex(data[w.i]) < 0 {
						return span{}, w.unexpected("a hexadecimal digit")
					}
				}
			case bytes.IndexByte([]byte(`"\/bfnrt`), data[i+1]) < 0:
				w.i = i + 1
				return span{}, w.unexpected("an escape")
			}
			i += n
		default:
			return span{}, w.fail(NotJSON, "the control character %#02x in a string", data[i])
		}
	}
}

func (w *walker) enter() *Error {
	if w.depth == MaxDepth {
		return w.fail(TooDeep, "nested deeper than %d", MaxDepth)
	}
	w.depth++
	w.i++
	return nil
}

func (w *walker) object(p *place, instance int32) *Error {
	names := false
	if p != nil && !p.holdsObject() {
		w.lose(p, instance, span{uint32(w.i), uint32(w.i), kindObject})
		p = nil
	}
	if p != nil {
		for _, family := range p.objects {
			w.hit(family, instance, span{uint32(w.i), uint32(w.i), kindObject})
		}
		if names = p.names >= 0; names {
			n := uint32(len(w.report.names))
			w.report.slots[int(w.report.instances[instance].slots)+p.names] = span{n, n, kindNames}
		}
	}
	if err := w.enter(); err != nil {
		return err
	}
	if w.next() == '}' {
		w.i++
		w.depth--
		return nil
	}
	var next **place
	if p != nil {
		next = &w.report.order[p.id].first
	}
	for {
		key, child, err := w.key(p, next)
		if err != nil {
			return err
		}
		if child != nil {
			next = &w.report.order[child.id].then
		}
		switch {
		case names:
			err = w.chosenLabel(p, child, instance, key)
		case child != nil:
			err = w.value(child, instance)
		case p != nil && p.any != nil:
			err = w.inside(p.any, instance, key)
		default:
			if p != nil {
				w.report.Ignored++
			}
			err = w.value(nil, 0)
		}
		if err != nil {
			if p != nil {
				return err.under(pathKey(w.unescape(key)))
			}
			return err
		}

		switch w.next() {
		case ',':
			w.i++
		case '}':
			w.i++
			w.depth--
			if names {
				w.sortChosen(p, instance)
			}
			return nil
		default:
			return w.unexpected("a comma or }")
		}
	}
}

// holdsObject reports whether a path goes through, or ends at, an object here.
func (p *place) holdsObject() bool {
	return p.children != nil || p.any != nil || p.objects != nil || p.names >= 0 || p.up == nil
}

// inside reads a value that comes many times, as an instance of its own. One
// without samples is forgotten at once, so that what a message costs in memory
// is bounded by Limits.Samples, not by how many {} fit into it.
func (w *walker) inside(p *place, outer int32, key span) *Error {
	r := w.report
	hits, slots, names := len(r.hits), len(r.slots), len(r.names)
	n := r.instance(w.plan, p.scope, outer, key)
	err := w.value(p, n)
	if len(r.hits) == hits {
		r.instances, r.slots, r.names = r.instances[:n], r.slots[:slots], r.names[:names]
	}
	return err
}

func (w *walker) array(p *place, instance int32) *Error {
	var elem *place
	if p != nil {
		if elem = p.elem; elem == nil {
			w.lose(p, instance, span{uint32(w.i), uint32(w.i), kindArray})
		}
	}
	if err := w.enter(); err != nil {
		return err
	}
	if w.next() == ']' {
		w.i++
		w.depth--
		return nil
	}
	for n := 0; ; n++ {
		if elem != nil {
			if err := w.inside(elem, instance, span{}); err != nil {
				return err.under(fmt.Sprintf("[%d]", n))
			}
		} else if err := w.value(nil, 0); err != nil {
			return err
		}
		switch w.next() {
		case ',':
			w.i++
		case ']':
			w.i++
			w.depth--
			return nil
		default:
			return w.unexpected("a comma or ]")
		}
	}
}

// describe names a value for an error.
func (w *walker) describe(s span) string {
	switch s.kind {
	case kindText, kindEscaped:
		return "the string " + excerpt(w.text(s))
	case kindNumber, kindDecimal:
		return "the number " + excerpt(w.text(s))
	case kindTrue, kindFalse:
		return "a bool"
	case kindObject:
		return "an object"
	case kindArray:
		return "an array"
	}
	return "null"
}

func (w *walker) text(s span) []byte { return w.data[s.start:s.end] }
