package mapping

import (
	"math"
	"strconv"
)

// longest is the longest decimal that is taken over digit by digit: that of
// the shortest form of any float64 (-2.2250738585072014e-308) and no less.
const longest = 24

// number appends the value of a sample to dst as text. It returns drops, or why
// the value cannot be used: see noteNumber.
//
// A decimal of the message is text already, and the text formats read the
// same decimals, so it is copied: a report costs no conversion to binary and
// back unless it is scaled, or so long that it wants shortening.
func (w *walker) number(dst []byte, value span, enum map[string]float64, scale float64) ([]byte, drop) {
	text := w.text(value)
	switch value.kind {
	case kindTrue:
		if scale != 1 {
			return appendFloat(dst, scale), drops
		}
		return append(dst, '1'), drops
	case kindFalse:
		return append(dst, '0'), drops
	case kindDecimal:
		if scale == 1 {
			return append(dst, text...), drops
		}
	case kindNumber:
	default:
		if value.kind == kindEscaped {
			text = w.unescape(value)
		}
		if enum != nil {
			f, ok := enum[string(text)]
			if !ok {
				return dst, dropWrongType
			}
			return appendFloat(dst, f*scale), drops
		}
		if !numeric(text) {
			f, ok := word(text)
			if !ok {
				return dst, dropWrongType
			}
			return appendFloat(dst, f*scale), drops
		}
	}
	if scale == 1 && len(text) <= longest && decimal(text) { // a string that holds a number
		return append(dst, text...), drops
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(f, 0) {
		return dst, dropWrongType
	}
	if f = scaled(f, scale); math.IsInf(f, 0) {
		return dst, dropNumberRange
	}
	return appendFloat(dst, f), drops
}

// noteNumber says why number does not take a value.
func (w *walker) noteNumber(d drop, value span, family int) {
	text := excerpt(w.unescape(value))
	switch {
	case d == dropNumberRange:
		w.note(d, value.start, family, "%s is out of range of float64", text)
	case family != noFamily && w.plan.families[family].enum != nil:
		w.note(d, value.start, family, "the string %s, which the mapping's enum does not have", text)
	default:
		w.note(d, value.start, family, "the string %s where a number is expected", text)
	}
}

// scaled multiplies f by scale. No binary number is 0.001, so multiplying by
// it would leave 52300 milliseconds at 52.300000000000004 seconds; dividing by
// 1000 does not.
func scaled(f, scale float64) float64 {
	if inverse := math.Round(1 / scale); 1/inverse == scale {
		return f / inverse
	}
	return f * scale
}

// word reads a number that JSON can only write in a string.
func word(text []byte) (float64, bool) {
	var lower [len("+infinity")]byte
	if len(text) > len(lower) {
		return 0, false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	f, ok := words[string(lower[:len(text)])]
	return f, ok
}

var words = map[string]float64{
	"nan": math.NaN(),
	"inf": math.Inf(1), "+inf": math.Inf(1), "-inf": math.Inf(-1),
	"infinity": math.Inf(1), "+infinity": math.Inf(1), "-infinity": math.Inf(-1),
}

// numeric reports whether text is made of the bytes of decimal numbers alone;
// strconv would read underscores and hexadecimals too.
func numeric(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return false
		}
	}
	return len(text) > 0
}

// decimal reports whether text is digits with at most one point between them,
// and a minus before: in range whatever the digits.
func decimal(text []byte) bool {
	if text[0] == '-' {
		text = text[1:]
	}
	point := false
	for i, c := range text {
		if c-'0' <= 9 {
			continue
		}
		if c != '.' || point || i == 0 || i == len(text)-1 {
			return false
		}
		point = true
	}
	return len(text) > 0
}

// appendFloat appends f as client_golang writes it.
func appendFloat(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'g', -1, 64) }

// parseFloat reads a Sample's Value.
func parseFloat(text []byte) float64 {
	f, _ := strconv.ParseFloat(string(text), 64) // checked when it was written
	return f
}
