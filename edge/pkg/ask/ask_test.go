//go:build go1.25

// The module says go 1.22, whose timers a synctest bubble cannot hold.
//go:debug asynctimerchan=0

package ask

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const second = time.Second

// round asks questions that take so long each, for at most two seconds, and
// tells the answers and the time that it took.
func round(a *Asker, takes ...time.Duration) (string, time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*second)
	defer cancel()
	begin := time.Now()
	names := make([]string, len(takes))
	for i := range takes {
		names[i] = fmt.Sprint(i)
	}
	var got []string
	for _, answer := range Each(ctx, a, names, func(i int) (int, error) {
		<-time.After(takes[i])
		return i, nil
	}) {
		switch {
		case errors.Is(answer.Err, ErrNoAnswer):
			got = append(got, "-")
		default:
			got = append(got, fmt.Sprint(answer.Value))
		}
	}
	return strings.Join(got, " "), time.Since(begin)
}

func TestEach(t *testing.T) {
	for name, test := range map[string]struct {
		takes []time.Duration
		want  string
		took  time.Duration
	}{
		"none":                   {nil, "", 0},
		"at once":                {[]time.Duration{0, 0, 0}, "0 1 2", 0},
		"one hangs":              {[]time.Duration{0, 99 * second, 0}, "0 - 2", 2 * second},
		"all hang":               {[]time.Duration{99 * second, 99 * second}, "- -", 2 * second},
		"slow ones side by side": {[]time.Duration{second, second, second, second}, "0 1 2 3", second + 3*moment},
		"just in time":           {[]time.Duration{2*second - 1}, "0", 2*second - 1},
		"just too late":          {[]time.Duration{2*second + 1}, "-", 2 * second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, took := round(&Asker{}, test.takes...)
				<-time.After(99 * second) // what hangs comes back
				if got != test.want || took != test.took {
					t.Errorf("answers %q in %v, want %q in %v", got, took, test.want, test.took)
				}
			})
		})
	}
}

// A question that hangs is not put again, and costs the next round no time;
// when it has come back it is.
func TestHangingQuestionIsNotPutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Asker
		if got, _ := round(&a, 0, 5*second); got != "0 -" {
			t.Errorf("first round: %q", got)
		}
		if got, took := round(&a, 0, 0); got != "0 -" || took != 0 {
			t.Errorf("while it hangs: %q in %v", got, took)
		}
		<-time.After(3*second + 1)
		if got, _ := round(&a, 0, 0); got != "0 1" {
			t.Errorf("after it came back: %q", got)
		}
	})
}

func TestOne(t *testing.T) {
	var a Asker
	if got, err := One(context.Background(), &a, "x", func() (string, error) { return "y", os.ErrInvalid }); got != "y" || err != os.ErrInvalid {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := One(context.Background(), &a, "x", func() (int, error) { panic("oh") }); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("a panic: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := One(ended, &a, "x", func() (int, error) { t.Error("asked though nobody waits"); return 0, nil }); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("ended: %v", err)
	}
}
