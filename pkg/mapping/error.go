package mapping

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reason says in one word why a message was refused. It is the value of the
// label reason of the exporter's own metrics, so the set is closed: see
// [Reasons].
type Reason string

// The reasons for which [Decoder.Decode] refuses a message.
const (
	NotJSON          Reason = "not_json"           // the bytes are not JSON (RFC 8259)
	NotObject        Reason = "not_object"         // JSON, but not an object
	Truncated        Reason = "truncated"          // JSON that ends too early
	TooLarge         Reason = "too_large"          // more bytes than Limits.Bytes
	TooDeep          Reason = "too_deep"           // nested deeper than MaxDepth
	NumberRange      Reason = "number_range"       // a mapped number outside of float64, or outside its bounds
	WrongType        Reason = "wrong_type"         // a mapped field is not of the mapped type
	InvalidUTF8      Reason = "invalid_utf8"       // a label value is not UTF-8
	InvalidLabelName Reason = "invalid_label_name" // a label name from the message is not a legal one
	LabelTooLong     Reason = "label_too_long"     // a label is longer than Limits.LabelValueBytes
	DuplicateSeries  Reason = "duplicate_series"   // the same series twice in one report
	TooManySamples   Reason = "too_many_samples"   // more samples than Limits.Samples
	NoSamples        Reason = "no_samples"         // nothing in the message is mapped
)

// Reasons returns every Reason there is.
func Reasons() []Reason {
	return []Reason{
		NotJSON, NotObject, Truncated, TooLarge, TooDeep, NumberRange, WrongType, InvalidUTF8,
		InvalidLabelName, LabelTooLong, DuplicateSeries, TooManySamples, NoSamples,
	}
}

// Error is why a message was refused. It keeps nothing of the message but the
// path and, shortened, the offending text.
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
