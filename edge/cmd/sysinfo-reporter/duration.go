package main

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// duration is a length of time as a flag.
type duration time.Duration

// durationVar declares a flag for a length of time.
func durationVar(f *flag.FlagSet, d *time.Duration, name string, value time.Duration, usage string) {
	*d = value
	f.Var((*duration)(d), name, usage)
}

// String implements flag.Value.
func (d *duration) String() string { return time.Duration(*d).String() }

// Set implements flag.Value.
func (d *duration) Set(s string) error {
	v, err := parseDuration(s)
	if err == nil {
		*d = duration(v)
	}
	return err
}

var (
	plainNumber = regexp.MustCompile(`^\d+(?:\.\d+)?$`)
	days        = regexp.MustCompile(`^(\d+)(?:d|days?)$`)
)

// parseDuration is time.ParseDuration with errors that say what a length of
// time looks like.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil {
		return d, nil
	}
	if plainNumber.MatchString(s) {
		return 0, fmt.Errorf("a duration has a unit; for seconds write %ss (also 500ms, 5m, 1h30m)", s)
	}
	if m := days.FindStringSubmatch(s); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return 0, fmt.Errorf("a duration has no days; write %dh (also 500ms, 30s, 5m)", n*24)
		}
	}
	return 0, errors.New("a duration is a number with a unit, such as 500ms, 30s, 5m or 1h30m")
}

// offset is the start offset as a flag.
type offset time.Duration

// random is how a negative start offset is written.
const random = "random"

// String implements flag.Value.
func (o *offset) String() string {
	if *o < 0 {
		return random
	}
	return time.Duration(*o).String()
}

// Set implements flag.Value.
func (o *offset) Set(s string) error {
	if s == random {
		*o = -1
		return nil
	}
	d, err := parseDuration(s)
	if err != nil {
		return fmt.Errorf("%w; or the word %s", err, random)
	}
	if d < 0 || d > 24*time.Hour {
		return errors.New(`must be "random" or from 0s to 24h`)
	}
	*o = offset(d)
	return nil
}
