//go:build !race

package registry_test

// raceDetector tells that the race detector is on, which takes memory of its own
// and empties pools.
const raceDetector = false
