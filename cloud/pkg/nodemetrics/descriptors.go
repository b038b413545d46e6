package nodemetrics

import "syscall"

// connectionsFor returns how many connections the listener may have: as many as the
// config says, and never more than a quarter of the descriptors that the process may
// open. The others are for cloudcore's edges.
func connectionsFor(most int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return shareOf(limit.Cur, most)
}

func shareOf(descriptors uint64, most int) int {
	return int(min(uint64(most), max(1, descriptors/4)))
}
