//go:build !linux

package host

import "errors"

// statfs is never reached elsewhere: there is no mountinfo to name a path.
func statfs(string) (usage, error) { return usage{}, errors.ErrUnsupported }
