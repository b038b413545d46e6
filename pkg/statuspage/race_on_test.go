//go:build race

package statuspage_test

import "time"

// The race detector makes everything several times slower.
const limitOfTime = 3 * time.Second
