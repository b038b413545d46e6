package nodemetrics

import (
	"net"
	"syscall"
	"time"
	"unsafe"
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

// unacknowledged returns how many bytes were written to a connection that its peer has
// not taken yet.
func unacknowledged(c net.Conn) (n int) {
	t, ok := c.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		var bytes int32
		if _, _, bad := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&bytes))); bad == 0 {
			n = int(bytes)
		}
	})
	return n
}
