//go:build !unix

package plainfile

import (
	"errors"
	"os"
)

var errNotDir = errors.New("not a directory")

// file is a file where there is neither /proc nor /sys to beware of.
type file struct{ *os.File }

func open(path string) (file, error) {
	f, err := os.Open(path)
	return file{f}, err
}

func (f file) read(b []byte) (int, error) { return f.File.Read(b) }

func (f file) close() { _ = f.File.Close() }
