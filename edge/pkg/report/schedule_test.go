//go:build go1.25

// The module says go 1.22, whose timers a synctest bubble cannot hold.
//go:debug asynctimerchan=0

package report

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery(t *testing.T) {
	for name, test := range map[string]struct {
		start, takes, ends time.Duration
		want               string
	}{
		"at once":          {0, 0, 150 * time.Second, "[0s 1m0s 2m0s]"},
		"offset":           {7 * time.Second, 0, 130 * time.Second, "[7s 1m7s 2m7s]"},
		"slow reports":     {0, 20 * time.Second, 130 * time.Second, "[0s 1m0s 2m0s]"},
		"too slow reports": {0, 90 * time.Second, 200 * time.Second, "[0s 1m30s 3m0s]"},
		"ends before":      {7 * time.Second, 0, 6 * time.Second, "[]"},
		"ends just before": {0, 0, 60*time.Second - 1, "[0s]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), test.ends)
				defer cancel()
				var at []time.Duration
				Every(ctx, test.start, time.Minute, func() {
					at = append(at, time.Since(begin))
					<-time.After(test.takes)
				})
				if got := fmt.Sprint(at); got != test.want {
					t.Errorf("reports at %s, want %s", got, test.want)
				}
			})
		})
	}
}
