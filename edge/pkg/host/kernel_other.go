//go:build !linux

package host

import (
	"errors"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// statfs is never reached elsewhere: there is no mountinfo to name a path.
func statfs(string) (usage, error) { return usage{}, errors.ErrUnsupported }

func adjtimex() (*sysinfo.Clock, error) { return nil, errors.ErrUnsupported }

func deviceOf(string) string { return "" }
