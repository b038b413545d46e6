//go:build !linux

package nodemetrics

import (
	"net"
	"time"
)

// closeUnacknowledged does nothing: other systems have no such option.
func closeUnacknowledged(net.Conn, time.Duration) {}

func unacknowledged(net.Conn) int { return 0 }
