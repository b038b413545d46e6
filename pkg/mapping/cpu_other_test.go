//go:build !linux

package mapping_test

import (
	"testing"
	"time"
)

// took returns how long f takes, with what else the processor does meanwhile.
func took(_ *testing.T, f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
