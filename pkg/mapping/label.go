package mapping

import (
	"unicode/utf16"
	"unicode/utf8"
)

// labels appends the labels of a sample of instance to the report's text. Those
// that several families share are written once for each instance and copied.
// If one of them is bad its span is returned, and nothing is appended.
func (w *walker) labels(fp *famPlan, instance int32) span {
	r := w.report
	if fp.shared < 0 {
		return w.writeLabels(fp, instance)
	}
	slot := int(r.instances[instance].slots) + fp.shared
	switch s := r.slots[slot]; s.kind {
	case kindLabels:
		r.text = append(r.text, r.text[s.start:s.end]...)
		return span{}
	case kindBad:
		return s
	}
	start := len(r.text)
	wrong := w.writeLabels(fp, instance)
	if wrong.kind == kindBad {
		r.slots[slot] = wrong
	} else {
		r.slots[slot] = span{uint32(start), uint32(len(r.text)), kindLabels}
	}
	return wrong
}

// writeLabels writes the labels of a sample by name. One of the node's choice
// stands in for a label of the mapping that is missing.
func (w *walker) writeLabels(fp *famPlan, instance int32) span {
	r := w.report
	text := r.text
	start := len(text)
	var pairs []pair
	var wrong span
	if fp.names != nil {
		if pairs, wrong = w.chosen(instance, fp.names); wrong.kind == kindBad {
			return wrong
		}
	}
	for i := range fp.labels {
		l := &fp.labels[i]
		if len(pairs) > 0 {
			if text, pairs, wrong = w.appendChosen(text, start, pairs, l.name); wrong.kind == kindBad {
				return wrong
			}
		}
		var value span
		if !l.constant {
			in := r.up(instance, l.up)
			value = in.key
			if !l.byKey {
				value = r.slots[int(in.slots)+l.slot]
			}
			if value.kind == kindBad {
				return value
			}
			if value.kind == kindNone || value.start == value.end {
				continue // in Prometheus an empty label is a label that is not there
			}
		}
		if len(pairs) > 0 && string(pairs[0].name) == l.name {
			if l.constant || value.start != pairs[0].value.start {
				return w.twice(&pairs[0])
			}
			pairs = pairs[1:] // the mapping names one of the node's own labels
		}
		if len(text) > start {
			text = append(text, ',')
		}
		text = append(text, l.text...)
		if l.constant {
			continue
		}
		if text, wrong = w.label(text, value); wrong.kind == kindBad {
			return wrong
		}
		text = append(text, '"')
	}
	if len(pairs) > 0 {
		if text, _, wrong = w.appendChosen(text, start, pairs, ""); wrong.kind == kindBad {
			return wrong
		}
	}
	r.text = text
	return span{}
}

// label appends the value of a label to dst, escaped as the text formats want
// it. If it cannot be used it returns a bad span.
func (w *walker) label(dst []byte, value span) ([]byte, span) {
	text := w.text(value)
	if value.kind == kindEscaped {
		text = w.unescape(value)
	}
	if len(text) > w.limits.LabelValueBytes {
		wrong := bad(dropLabelTooLong, value.start)
		if w.notes != nil {
			w.explainBad(wrong, "a label value of %d bytes, the limit is %d", len(text), w.limits.LabelValueBytes)
		}
		return dst, wrong
	}
	plain := true
	for _, c := range text {
		if c >= utf8.RuneSelf || special[c] {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, text...), span{}
	}
	if !utf8.Valid(text) {
		wrong := bad(dropInvalidUTF8, value.start)
		if w.notes != nil {
			w.explainBad(wrong, "the label value %s is not UTF-8", excerpt(text))
		}
		return dst, wrong
	}
	return AppendEscaped(dst, text), span{}
}

// AppendEscaped appends a label value as the text formats have it between
// quotes: \ " and line feed with a backslash. Source: Prometheus' exposition
// formats, and OpenMetrics 1.0 "escaped-string".
func AppendEscaped[T string | []byte](dst []byte, text T) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// unescape returns the text of a string of the message. It is valid until the
// next call. A surrogate half alone becomes U+FFFD, as in encoding/json.
func (w *walker) unescape(s span) []byte {
	text := w.text(s)
	if s.kind != kindEscaped {
		return text
	}
	dst := w.report.scratch[:0]
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(text[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 < len(text) && text[i+1] == '\\' && text[i+2] == 'u' {
					low = hex4(text[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	w.report.scratch = dst
	return dst
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r = r<<4 | rune(unhex(c))
	}
	return r
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c | 0x20 - 'a' + 10)
	}
	return -1
}
