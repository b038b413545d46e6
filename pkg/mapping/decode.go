package mapping

import (
	"github.com/edgegauge/edgegauge/pkg/sysinfo"

	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Limits bounds what one report may cost. A field that is 0 has its default.
type Limits struct {
	Bytes           int // of the message; default 262144
	Samples         int // default 1000; the object of an info family counts as one, with labels or without
	LabelValueBytes int // of a label's value after unescaping, and of its name; default 256
}

// DefaultLimits are the limits where none are given.
var DefaultLimits = Limits{Bytes: 256 << 10, Samples: 1000, LabelValueBytes: 256}

// The greatest limits that can be given.
const (
	MaxBytes           = 1 << 30
	MaxSamples         = 1 << 20
	MaxLabelValueBytes = 1 << 16
)

const (
	// MaxDepth is how deep objects and arrays of a message may be nested.
	MaxDepth = 64
)

// Decoder turns messages into reports by one mapping. It never changes and
// may be used by any number of goroutines, each with a Report of its own.
type Decoder struct {
	mapping *Mapping
	plan    *plan
	limits  Limits
}

// NewDecoder prepares m for decoding. nodeField is the path of the node's name
// in the message, "" if it is not to be looked for.
func NewDecoder(m *Mapping, nodeField string, limits Limits) (*Decoder, error) {
	p, err := compile(m, nodeField)
	errs := []error{err}
	for _, l := range []struct {
		name        string
		value       *int
		unset, most int
	}{
		{"bytes", &limits.Bytes, DefaultLimits.Bytes, MaxBytes},
		{"samples", &limits.Samples, DefaultLimits.Samples, MaxSamples},
		{"label value bytes", &limits.LabelValueBytes, DefaultLimits.LabelValueBytes, MaxLabelValueBytes},
	} {
		if *l.value == 0 {
			*l.value = l.unset
		}
		if *l.value < 1 || *l.value > l.most {
			errs = append(errs, fmt.Errorf("limit of %s: %d, not within 1 and %d", l.name, *l.value, l.most))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Decoder{mapping: m, plan: p, limits: limits}, nil
}

// Mapping returns the mapping that the decoder was made of.
func (d *Decoder) Mapping() *Mapping { return d.mapping }

// Decode fills r with what content says. Content is JSON (RFC 8259) as
// []byte, string or json.RawMessage, or any other Go value, of which the
// JSON form counts. The content is not changed, and r does not refer to it
// afterwards. The error, if any, is an [*Error], and r then holds nothing.
//
// Strings are compared and counted after unescaping. Of two equal keys in an
// object both count, which for mapped ones is a duplicate series.
func (d *Decoder) Decode(content any, r *Report) error {
	r.reset(d.plan, d.mapping)
	data, err := d.bytes(content)
	if err == nil {
		w := walker{data: data, plan: d.plan, report: r, limits: d.limits, mapping: d.mapping}
		if err = w.message(); err == nil {
			err = w.samples()
		}
	}
	if err != nil {
		r.reset(d.plan, d.mapping)
		return err
	}
	return nil
}

// bytes returns the JSON of content without copying where it is JSON already.
func (d *Decoder) bytes(content any) ([]byte, *Error) {
	var data []byte
	switch c := content.(type) {
	case []byte:
		data = c
	case json.RawMessage:
		data = c
	case string:
		data = unsafe.Slice(unsafe.StringData(c), len(c)) // read only
	default:
		var err error
		if data, err = marshal(c); err != nil {
			return nil, &Error{Reason: NotJSON, Detail: fmt.Sprintf("a %T that has no JSON form: %v", c, err)}
		}
	}
	if len(data) > d.limits.Bytes {
		return nil, &Error{Reason: TooLarge, Offset: d.limits.Bytes,
			Detail: fmt.Sprintf("%d bytes, the limit is %d", len(data), d.limits.Bytes)}
	}
	return data, nil
}

// marshal is json.Marshal for values that another part of the process may
// still be changing: what that makes panic becomes an error. (The runtime
// ends the process when it sees a map written and read at once; no recover
// helps there.)
func marshal(v any) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return json.Marshal(v)
}

// hit notes a sample's value.
func (w *walker) hit(family int, instance int32, value span) *Error {
	r := w.report
	if len(r.hits) == w.limits.Samples {
		return w.fail(TooManySamples, "more than %d samples, which is the limit", w.limits.Samples)
	}
	r.hits = append(r.hits, hit{family: int32(family), instance: instance, value: value})
	r.counts[family]++
	return nil
}

// scalar takes what stands at p: samples, a label, or one of the fields about
// the report.
func (w *walker) scalar(p *place, instance int32, value span) *Error {
	if len(p.values) == 0 && p.slot < 0 && p.about == aboutSamples {
		return w.failType(p, value)
	}
	for _, family := range p.values {
		if err := w.hit(family, instance, value); err != nil {
			return err
		}
	}
	if p.slot >= 0 {
		w.report.slots[int(w.report.instances[instance].slots)+p.slot] = value
	}
	switch p.about {
	case aboutTimestamp:
		t, err := w.seconds(value, w.mapping.timestamp.Scale)
		if err != nil {
			return err
		}
		w.report.Timestamp = t
	case aboutInterval:
		t, err := w.seconds(value, w.mapping.interval.Scale)
		if err != nil {
			return err
		}
		if t < 0 || t > sysinfo.MaxInterval {
			return w.fail(NumberRange, "an interval of %v seconds, not within 0 and %d", t, sysinfo.MaxInterval)
		}
		w.report.Interval = t
	case aboutNode:
		name := w.unescape(value)
		switch {
		case value.kind != kindText && value.kind != kindEscaped:
			return w.fail(WrongType, "%s where the node's name is expected", w.describe(value))
		case len(name) > sysinfo.MaxNodeName:
			return w.fail(LabelTooLong, "a node name of %d bytes, the limit is %d", len(name), sysinfo.MaxNodeName)
		case !utf8.Valid(name):
			return w.fail(InvalidUTF8, "the node name %s is not UTF-8", excerpt(name))
		}
		w.report.Node = string(name)
	}
	return nil
}

// seconds reads a time or duration: a number, or a time in RFC 3339.
func (w *walker) seconds(value span, scale float64) (float64, *Error) {
	text, err := w.number(w.report.scratch2[:0], value, nil, 1)
	w.report.scratch2 = text
	if err != nil {
		if value.kind == kindText || value.kind == kindEscaped {
			if t, bad := time.Parse(time.RFC3339Nano, string(w.unescape(value))); bad == nil {
				return float64(t.UnixMicro()) / 1e6, nil // in nanoseconds the year 1 would not fit
			}
		}
		return 0, err
	}
	f := scaled(parseFloat(text), scale)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, w.fail(NumberRange, "%s is no time", text)
	}
	return f, nil
}
