// Package plainfile reads the small files of /proc and /sys with plain
// read(2).
//
// Its contract: a read that the kernel answers with an error is an error, not
// a wait. os.ReadFile would hand such a file to Go's poller, which takes EAGAIN
// for "later" and waits for a wake-up that sysfs never sends. A file is read to
// a bound, so that none, however long, fills the memory. What the kernel does
// not answer at all, this package cannot end: package ask bounds the wait.
package plainfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read returns what is in the file, which may have up to limit bytes.
func Read(path string, limit int) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	b := make([]byte, 0, min(limit+1, 512))
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := f.read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; len(b) > limit {
			return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes", limit)}
		}
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Head returns what one read of the file into the buffer gives. It is for files
// that the kernel makes up, which come whole as far as there is room.
func Head(path string, buffer []byte) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	n, err := f.read(buffer)
	if err == io.EOF {
		err = nil
	}
	return buffer[:n], err
}

// MaxLine is the longest line in bytes that Lines passes on whole; of a longer
// one it passes the beginning.
const MaxLine = 16 << 10

// Lines calls each with every line of the file, without the line's end. The
// line is valid during the call alone. A file of more than limit bytes is read
// that far, and an error. Bytes of zero, which some kernels leave at the end
// of a file, are no part of a line.
func Lines(path string, limit int, each func(line []byte)) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer f.close()
	var (
		buffer = make([]byte, 0, MaxLine)
		long   bool // the beginning of the line was passed already
		total  int
	)
	pass := func(line []byte) {
		if !long {
			each(bytes.Trim(line, "\x00\r"))
		}
		long = false
	}
	for {
		n, err := f.read(buffer[len(buffer):cap(buffer)])
		buffer, total = buffer[:len(buffer)+n], total+n
		rest := buffer
		for {
			line, after, found := bytes.Cut(rest, []byte("\n"))
			if !found {
				break
			}
			pass(line)
			rest = after
		}
		if len(rest) == cap(buffer) {
			pass(rest)
			long, rest = true, nil
		}
		buffer = buffer[:copy(buffer[:cap(buffer)], rest)]
		switch {
		case err == io.EOF:
			if len(bytes.Trim(buffer, "\x00")) > 0 {
				pass(buffer)
			}
			return nil
		case err != nil:
			return err
		case total > limit:
			return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes; the rest is left out", limit)}
		}
	}
}

// IsMissing tells whether err says that the file is not there. Any other error
// is of a file that is there and has no value now.
func IsMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir)
}

// Exists tells whether there is a file of that name, or a folder.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
