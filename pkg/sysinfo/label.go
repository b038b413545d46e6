package sysinfo

import (
	"unicode/utf16"
	"unicode/utf8"
)

// label appends the value of a label to dst, escaped as the text formats want
// it.
func (w *walker) label(dst []byte, value span) ([]byte, *Error) {
	w.i = int(value.start)
	text := w.text(value)
	if value.kind == kindEscaped {
		text = w.unescape(value)
	}
	if len(text) > w.limits.LabelValueBytes {
		return dst, w.fail(LabelTooLong, "a label value of %d bytes, the limit is %d", len(text), w.limits.LabelValueBytes)
	}
	plain := true
	for _, c := range text {
		if c >= utf8.RuneSelf || special[c] {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, text...), nil
	}
	if !utf8.Valid(text) {
		return dst, w.fail(InvalidUTF8, "the label value %s is not UTF-8", excerpt(text))
	}
	return AppendEscaped(dst, text), nil
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
