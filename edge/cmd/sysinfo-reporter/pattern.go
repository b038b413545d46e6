package main

import (
	"flag"
	"regexp"
)

// pattern is a regular expression as a flag.
type pattern struct {
	*regexp.Regexp
	standard, name string // the default, and what it is called
}

func (p *pattern) declare(f *flag.FlagSet, name, value, called, usage string) {
	*p = pattern{regexp.MustCompile(value), value, called}
	f.Var(p, name, "`pattern` of "+usage)
}

// String implements flag.Value, whose users call it on a zero value too.
func (p *pattern) String() string {
	if p.Regexp == nil {
		return ""
	}
	return p.Regexp.String()
}

// Set implements flag.Value. An empty pattern leaves out nothing, though as an
// expression it matches everything.
func (p *pattern) Set(s string) (err error) {
	if s == "" {
		s = "^$"
	}
	p.Regexp, err = regexp.Compile(s)
	return err
}
