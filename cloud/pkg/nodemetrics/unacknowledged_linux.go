package nodemetrics

import (
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is Linux' socket option TCP_USER_TIMEOUT, which package syscall
// does not have.
const tcpUserTimeout = 18

// closeUnacknowledged has the kernel close a connection whose peer takes nothing of
// what was written to it for so long. A write that fits into the socket's buffer is
// over at once, whether or not anybody reads: its deadline tells nothing.
func closeUnacknowledged(c net.Conn, after time.Duration) {
	t, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		// Without it such a connection stays until it has been idle for too long.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(after.Milliseconds()))
	})
}
