package nodemetrics

import "syscall"

// connectionsFor returns how many connections the listener may have: as many as the
// config says, and never more than a quarter of the descriptors that the process may
// open. The others are for cloudcore's edges.
func connectionsFor(most int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur/4 >= uint64(most) {
		return most
	}
	return max(1, int(limit.Cur/4))
}
