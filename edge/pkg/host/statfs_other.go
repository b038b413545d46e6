//go:build !linux

package host

// statfs is never reached elsewhere: there is no mountinfo to name a path.
func statfs(string) (usage, error) { return usage{}, errUnsupported }
