package nodemetrics

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFile is the longest config or mapping file that is read. A ConfigMap holds
// no more than 1 MiB.
const maxFile = 4 << 20

// readFile reads a file of bounded size. It never waits: of what is no regular
// file, such as a pipe that nobody writes to, it reads nothing.
func readFile(name string) ([]byte, error) {
	// Without O_NONBLOCK the opening of a pipe waits for somebody to write to it.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		// Somebody wants a file to be there: that is not the same as none.
		if to, bad := os.Readlink(name); bad == nil {
			return nil, fmt.Errorf("%s: a symbolic link to %s, which is not there", name, to)
		}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: must be a regular file, and is %s", name, kindOf(info.Mode()))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: longer than %d bytes, the limit", name, maxFile)
	}
	return data, nil
}

func kindOf(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&os.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&os.ModeSocket != 0:
		return "a socket"
	case mode&os.ModeDevice != 0:
		return "a device"
	}
	return mode.Type().String()
}
