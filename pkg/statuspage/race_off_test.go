//go:build !race

package statuspage_test

import "time"

const limitOfTime = 100 * time.Millisecond
