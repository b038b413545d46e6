package mapping

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reason says in one word why a message was refused, or why a sample of it was
// dropped. It is the value of the label reason of the exporter's own metrics,
// so the sets are closed: see [Reasons] and [DropReasons].
type Reason string

// The reasons for which [Decoder.Decode] refuses a whole message.
const (
	NotJSON   Reason = "not_json"   // the bytes are not JSON (RFC 8259)
	NotObject Reason = "not_object" // JSON, but not an object
	Truncated Reason = "truncated"  // JSON that ends too early
	TooLarge  Reason = "too_large"  // more bytes than Limits.Bytes
	TooDeep   Reason = "too_deep"   // nested deeper than MaxDepth
)

// Reasons returns every reason for which a message is refused.
func Reasons() []Reason { return []Reason{NotJSON, NotObject, Truncated, TooLarge, TooDeep} }

// The reasons for which one sample of a message is dropped. The others stay.
const (
	WrongType        Reason = "wrong_type"         // a mapped field is not of the mapped type, or a string that holds no number
	NumberRange      Reason = "number_range"       // a mapped number outside of float64, or outside its bounds
	InvalidCounter   Reason = "invalid_counter"    // a counter that is negative or not a number
	InvalidUTF8      Reason = "invalid_utf8"       // a label value is not UTF-8
	LabelTooLong     Reason = "label_too_long"     // a label value is longer than Limits.LabelValueBytes
	InvalidLabelName Reason = "invalid_label_name" // a label name from the message is not legal, taken, or given twice
	TooManyLabels    Reason = "too_many_labels"    // more labels of the node's choice than sysinfo.MaxChosenLabels
	DuplicateSeries  Reason = "duplicate_series"   // the series was in the report already
	TooManySamples   Reason = "too_many_samples"   // more samples than Limits.Samples
)

// A drop is a reason for which samples are dropped, by its place in dropReasons.
type drop uint8

const (
	dropWrongType drop = iota
	dropNumberRange
	dropInvalidCounter
	dropInvalidUTF8
	dropLabelTooLong
	dropInvalidLabelName
	dropTooManyLabels
	dropDuplicateSeries
	dropTooManySamples
	drops // how many there are
)

var dropReasons = [drops]Reason{
	WrongType, NumberRange, InvalidCounter, InvalidUTF8, LabelTooLong, InvalidLabelName, TooManyLabels, DuplicateSeries, TooManySamples,
}

// DropReasons returns every reason for which a sample is dropped, in the order
// of [Drops].
func DropReasons() []Reason { return append([]Reason(nil), dropReasons[:]...) }

// Drops counts samples that were dropped, by reason in the order of
// [DropReasons]. A value that many samples would have stood below counts as
// one, and so does a timestamp or an interval that cannot be used.
type Drops [drops]int

// Total is the number of samples that were dropped for any reason.
func (d *Drops) Total() int {
	n := 0
	for _, one := range d {
		n += one
	}
	return n
}

// Error is why a message was refused, or one sample of it dropped. It keeps
// nothing of the message but the path and, shortened, the offending text.
type Error struct {
	Reason Reason
	// Path is where in the message it went wrong, in the notation of
	// mapping paths with array indexes: "filesystems[2].availBytes". It is
	// empty where the message as a whole is wrong.
	Path string
	// Offset is the byte of the message at which the trouble was noticed.
	Offset int
	// Detail says what was found and, where there is one, the bound.
	Detail string
}

// Error returns path, detail and offset in one line.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s (byte %d)", e.Detail, e.Offset)
	}
	return fmt.Sprintf("%s: %s (byte %d)", e.Path, e.Detail, e.Offset)
}

// under returns e with key, as [pathKey] or an index has it, put before its path.
func (e *Error) under(key string) *Error {
	switch {
	case e.Path == "":
		e.Path = key
	case e.Path[0] == '[':
		e.Path = key + e.Path
	default:
		e.Path = key + "." + e.Path
	}
	return e
}

// mostOfKey and mostOfText bound in bytes what an error quotes of a message.
const mostOfKey, mostOfText = 40, 40

// excerpt quotes and shortens text from a message for an error, so that a log
// line stays a line.
func excerpt(b []byte) string { return shorten(b, mostOfText) }

func shorten(b []byte, most int) string {
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}

// pathKey writes a key of the message in the notation of paths, shortened and
// without what is not printable: a node chooses its keys, and they end up in
// logs.
func pathKey(key []byte) string {
	switch string(key) {
	case "":
		return `""`
	case "*":
		return `\*`
	}
	rest := ""
	if len(key) > mostOfKey {
		key, rest = key[:mostOfKey], "…"
	}
	var b strings.Builder
	for _, r := range string(key) {
		switch {
		case r == '\\' || r == '.' || r == '[':
			b.WriteByte('\\')
		case !unicode.IsPrint(r):
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String() + rest
}
