package nodemetrics

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unreadable returns paths of what is no file to read, with what is to be said of
// each.
func unreadable(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<30); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		pipe:                          "a named pipe",
		dir:                           "a directory",
		filepath.Join(dir, "socket"):  "", // cannot be opened at all
		"/dev/zero":                   "a device",
		large:                         "longer than 4194304 bytes",
		filepath.Join(dir, "nothing"): "no such file",
	}
}

// A file that was read is not left open, nor one that could not be.
func TestReadFileCloses(t *testing.T) {
	name := write(t, filepath.Join(t.TempDir(), "file"), "x")
	large := write(t, filepath.Join(t.TempDir(), "large"), strings.Repeat("x", maxFile+1))
	for range 10 {
		_, _ = readFile(name)
		_, _ = readFile(large)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("nothing tells which files are open: ", err)
	}
	for _, fd := range open {
		if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); to == name || to == large {
			t.Errorf("%s is still open", to)
		}
	}
}

func TestReadFile(t *testing.T) {
	for name, says := range unreadable(t) {
		start := time.Now()
		data, err := readFile(name)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d bytes, error %v; want one that says %q", name, len(data), err, says)
		}
		if d := time.Since(start); d > patience {
			t.Errorf("%s: took %v", name, d)
		}
	}
	if _, err := readFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that a caller can tell", err)
	}
	path := filepath.Join(t.TempDir(), "full")
	for size, ok := range map[int]bool{0: true, maxFile: true, maxFile + 1: false} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if data, err := readFile(path); (err == nil) != ok || ok && len(data) != size {
			t.Errorf("of %d bytes: %d and error %v", size, len(data), err)
		}
	}
}
