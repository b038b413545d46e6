//go:build unix

package plainfile

import (
	"io"
	"io/fs"
	"syscall"
)

const errNotDir = syscall.ENOTDIR

// file is an open file that Go's poller does not know.
type file struct {
	fd   int
	path string
}

// maxInterrupted bounds the attempts that a signal interrupts, for a file
// system in user space may answer so for ever.
const maxInterrupted = 100

func open(path string) (file, error) {
	for i := 0; ; i++ {
		// Without O_NONBLOCK a pipe that nobody writes to would wait here.
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
		if err == syscall.EINTR && i < maxInterrupted {
			continue
		}
		if err != nil {
			return file{}, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return file{fd, path}, nil
	}
}

func (f file) read(b []byte) (int, error) {
	for i := 0; ; i++ {
		n, err := syscall.Read(f.fd, b)
		switch {
		case err == syscall.EINTR && i < maxInterrupted:
		case err != nil:
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (f file) close() { _ = syscall.Close(f.fd) }
