//go:build !go1.24

package nodemetrics

import "net/http"

func boundStreams(*http.Server) {}
