// Package report is what a reporter of sysInfo does whatever carries its
// reports: it reads the host on a schedule and holds the newest report until
// it can be sent.
//
// Its contract: nothing is queued. A report that could not be sent is replaced
// by the next one, so that after an outage the present is sent and not the
// past. A fleet does not report in step.
package report

import (
	"context"
	"encoding/json"
	"math/rand"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Source makes reports. It is not safe for concurrent use.
type Source struct {
	Host     *host.Reader
	Custom   *custom.Reader // nil: no custom values
	Interval time.Duration  // declared in the report
	// LeftOut is told what a report goes out without, when the report before
	// had it. Nil: nobody is.
	LeftOut func(error)

	said once.Filter
}

// Read returns what there is to report now, or what there was when ctx ended.
func (s *Source) Read(ctx context.Context) *sysinfo.Document {
	doc, errs := s.Host.Read(ctx)
	doc.IntervalSeconds = s.Interval.Seconds()
	if s.Custom != nil {
		var more []error
		doc.Custom, more = s.Custom.Read(ctx)
		errs = append(errs, more...)
	}
	if ctx.Err() == nil && s.LeftOut != nil {
		for _, err := range s.said.News(errs) {
			s.LeftOut(err)
		}
	}
	return doc
}

// Message returns the report as bytes to send, nil when ctx ended meanwhile.
func (s *Source) Message(ctx context.Context) []byte {
	doc := s.Read(ctx)
	if ctx.Err() != nil {
		return nil
	}
	message, err := json.Marshal(doc)
	if err != nil { // a number that JSON does not know, which would be a bug here
		if s.LeftOut != nil {
			s.LeftOut(err)
		}
		return nil
	}
	return message
}

// RandomStart returns a time to wait before the first report, less than
// interval and different on every node and at every start.
func RandomStart(interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	return time.Duration(rand.Int63n(int64(interval)))
}

// Every calls report after start, and then at every interval from there on,
// until ctx ends. What a report takes does not shift the ones after it; one
// that takes longer than the interval makes the next be left out.
func Every(ctx context.Context, start, interval time.Duration, report func()) {
	timer := time.NewTimer(start)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		report()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if ctx.Err() != nil { // both were ready
			return
		}
	}
}

// Slot holds the newest report that nobody has taken yet, one at most. One
// goroutine may put while another takes.
type Slot struct {
	newest chan []byte
}

// NewSlot returns an empty slot.
func NewSlot() *Slot { return &Slot{newest: make(chan []byte, 1)} }

// Put replaces what the slot holds, unless there is no report. It never waits.
func (s *Slot) Put(report []byte) {
	if report == nil {
		return
	}
	for {
		select {
		case s.newest <- report:
			return
		default:
		}
		select {
		case <-s.newest:
		default: // taken in between
		}
	}
}

// Return puts a report back that could not be sent, unless there is a newer
// one by now.
func (s *Slot) Return(report []byte) {
	select {
	case s.newest <- report:
	default:
	}
}

// Newest is where to take a report from; taking empties the slot.
func (s *Slot) Newest() <-chan []byte { return s.newest }
