package mapping

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Limits bounds what one report may cost. A field that is 0 has its default.
type Limits struct {
	Bytes           int // of the message; default 262144
	Samples         int // default 1000; the object of an info family counts as one, with labels or without
	LabelValueBytes int // of a label's value after unescaping; default 256
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
	claim   *Decoder // for DecodeNode
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
	claim, err := compile(noFamilies, nodeField)
	if err != nil {
		return nil, err
	}
	return &Decoder{m, p, limits, &Decoder{noFamilies, claim, limits, nil}}, nil
}

// Mapping returns the mapping that the decoder was made of.
func (d *Decoder) Mapping() *Mapping { return d.mapping }

// Decode fills r with what content says. Content is JSON (RFC 8259) as
// []byte, string or json.RawMessage, or any other Go value, whose JSON form
// counts. The content is not changed, and r does not refer to it afterwards.
//
// A value that cannot be used costs its sample, which r counts as dropped; a
// report may so end up without samples. Only what is no report at all is
// refused: the error is an [*Error] with one of [Reasons], and r then holds
// nothing.
//
// Strings are compared and counted after unescaping. If an object has a key
// twice, both count: the second value of a mapped key is a second sample of the
// same series, which is dropped.
func (d *Decoder) Decode(content any, r *Report) error {
	if err := d.decode(content, r, nil); err != nil {
		return err
	}
	return nil
}

// decode is Decode that also notes what was dropped, if n is not nil.
func (d *Decoder) decode(content any, r *Report, n *notes) *Error {
	r.reset(d.plan, d.mapping)
	data, err := d.bytes(content)
	if err == nil {
		w := walker{data: data, plan: d.plan, report: r, limits: d.limits, mapping: d.mapping, notes: n}
		if err = w.message(); err == nil {
			w.samples()
		}
	}
	if err != nil {
		r.reset(d.plan, d.mapping)
	}
	return err
}

// hit takes a sample's value.
func (w *walker) hit(family int, instance int32, value span) {
	r := w.report
	if len(r.hits) == w.limits.Samples {
		if w.drop(dropTooManySamples) {
			w.note(dropTooManySamples, value.start, family, "more than %d samples, which is the limit", w.limits.Samples)
		}
		return
	}
	r.hits = append(r.hits, hit{family: int32(family), instance: instance, value: value})
	r.counts[family]++
}

// scalar takes what stands at p: samples, a label, or one of the fields about
// the report.
func (w *walker) scalar(p *place, instance int32, value span) {
	if len(p.values) == 0 && p.slot < 0 && p.about == aboutSamples {
		w.lose(p, instance, value)
		return
	}
	for _, family := range p.values {
		w.hit(family, instance, value)
	}
	if p.slot >= 0 {
		w.report.slots[int(w.report.instances[instance].slots)+p.slot] = value
	}
	switch p.about {
	case aboutTimestamp:
		w.about(&w.report.Timestamp, value, w.mapping.timestamp.Scale, math.Inf(-1), math.Inf(1))
	case aboutInterval:
		w.about(&w.report.Interval, value, w.mapping.interval.Scale, 0, sysinfo.MaxInterval)
	case aboutNode:
		w.nodeName(value)
	}
}

// nodeName takes the node's name. One that cannot be used is none: what that
// means for the report is not for the decoder to say.
func (w *walker) nodeName(value span) {
	w.report.Node, w.report.BadNode = "", true
	name := w.unescape(value)
	switch {
	case value.kind != kindText && value.kind != kindEscaped:
		if w.drop(dropWrongType) {
			w.note(dropWrongType, value.start, noFamily, "%s where the node's name is expected", w.describe(value))
		}
	case len(name) > sysinfo.MaxNodeName:
		if w.drop(dropLabelTooLong) {
			w.note(dropLabelTooLong, value.start, noFamily, "a node name of %d bytes, the limit is %d", len(name), sysinfo.MaxNodeName)
		}
	case !utf8.Valid(name):
		if w.drop(dropInvalidUTF8) {
			w.note(dropInvalidUTF8, value.start, noFamily, "the node name %s is not UTF-8", excerpt(name))
		}
	default:
		w.report.Node, w.report.BadNode = string(name), false
	}
}

// about reads a time or duration in seconds, a number or a time in RFC 3339,
// within least and most. One that cannot be used counts as not given.
func (w *walker) about(to *float64, value span, scale, least, most float64) {
	text, d := w.number(w.report.scratch2[:0], value, nil, 1)
	w.report.scratch2 = text
	var f float64
	if d == drops {
		f = scaled(parseFloat(text), scale)
	} else if value.kind == kindText || value.kind == kindEscaped {
		date := w.unescape(value)
		if n := len(time.DateOnly); len(date) > n && date[n] == 'T' { // a failure to parse allocates
			if t, err := time.Parse(time.RFC3339Nano, string(date)); err == nil {
				f = float64(t.UnixMicro()) / 1e6 // in nanoseconds the year 1 would not fit
				d = drops
			}
		}
	}
	switch {
	case d != drops:
		if w.drop(d) {
			w.noteNumber(d, value, noFamily)
		}
	case !finite(f):
		if w.drop(dropNumberRange) {
			w.note(dropNumberRange, value.start, noFamily, "%s is no time", text)
		}
	case f < least || f > most:
		if w.drop(dropNumberRange) {
			detail := fmt.Sprintf("%v seconds, not within %.0f and %.0f", f, least, most)
			if doubt := intervalDoubt(f, scale); doubt != "" {
				detail += "; " + doubt
			}
			w.note(dropNumberRange, value.start, noFamily, "%s", detail)
		}
	default:
		*to = f
	}
}
