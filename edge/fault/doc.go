// Package fault holds the reporter, as it is built, against files that hang,
// trickle and fail: its tests mount a host's whole root from memory, by FUSE.
// It is a module of its own for that library's sake; edge/test.sh runs it.
package fault
