//go:build go1.24

package nodemetrics

import "net/http"

// mostStreams is how many requests one HTTP/2 connection may have at once. A scraper
// has one and a browser few; Go's default of 250 for each of maxConnections would be
// tens of thousands of goroutines.
const mostStreams = 16

// boundStreams bounds the requests of each HTTP/2 connection, with a Go that can.
func boundStreams(s *http.Server) {
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: mostStreams}
}
