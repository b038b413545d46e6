package mapping_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// took returns how long the processor works on f, whatever else it does meanwhile.
func took(t *testing.T, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		const thread = 3 // CLOCK_THREAD_CPUTIME_ID, see clock_gettime(2)
		var now syscall.Timespec
		if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&now)), 0); err != 0 {
			t.Fatal(err)
		}
		return time.Duration(now.Nano())
	}
	before := used()
	f()
	return used() - before
}
