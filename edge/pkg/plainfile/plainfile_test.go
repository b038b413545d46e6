//go:build unix

package plainfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, 5000} {
		content := strings.Repeat("x", n)
		path := write(t, content)
		if got, err := Read(path, n); err != nil || string(got) != content {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		if n > 0 {
			if _, err := Read(path, n-1); err == nil || !strings.Contains(err.Error(), "more than") || !strings.Contains(err.Error(), path) {
				t.Errorf("%d bytes, one too many: %v", n, err)
			}
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none"), 10); !IsMissing(err) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Read(filepath.Join(write(t, ""), "below"), 10); !IsMissing(err) {
		t.Errorf("below a file: %v", err)
	}
	if _, err := Read(t.TempDir(), 10); err == nil || IsMissing(err) {
		t.Errorf("a folder: %v", err)
	}
}

// A pipe neither waits for somebody to open it nor for something to come.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 10); err != nil || len(b) != 0 {
		t.Errorf("without a writer: %q, %v", b, err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := Read(path, 10); !errors.Is(err, syscall.EAGAIN) || IsMissing(err) {
		t.Errorf("with a silent writer: %v", err)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("y", MaxLine)
	for name, test := range map[string]struct{ content, want string }{
		"empty":        {"", ""},
		"one":          {"a\n", "a|"},
		"no end":       {"a\nb", "a|b|"},
		"empty lines":  {"\n\na\n", "||a|"},
		"zeros":        {"a\nb\x00\x00\n\x00\x00", "a|b|"},
		"carriage":     {"a\r\nb\r\n", "a|b|"},
		"just fits":    {long[1:] + "\nb\n", long[1:] + "|b|"},
		"long":         {"a\n" + long + long + "z\nb\n", "a|" + long + "|b|"},
		"long at last": {long + "z", long + "|"},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			err := Lines(write(t, test.content), 1<<20, func(line []byte) { got.Write(line); got.WriteByte('|') })
			if err != nil || got.String() != test.want {
				t.Errorf("got %.100q, %v, want %.100q", got.String(), err, test.want)
			}
		})
	}
	n := 0
	err := Lines(write(t, strings.Repeat("line\n", 10000)), 20000, func([]byte) { n++ })
	if err == nil || !strings.Contains(err.Error(), "more than 20000 bytes") || n < 4000 || n == 10000 {
		t.Errorf("over the limit: %d lines, %v", n, err)
	}
	if err := Lines(filepath.Join(t.TempDir(), "none"), 1, nil); !IsMissing(err) {
		t.Errorf("no file: %v", err)
	}
}

// All of a long file comes through, whatever the kernel gives at a time.
func TestLinesOfALongFile(t *testing.T) {
	var content strings.Builder
	for i := 0; i < 5000; i++ {
		content.WriteString(strings.Repeat("z", i%97))
		content.WriteByte('\n')
	}
	i := 0
	if err := Lines(write(t, content.String()), 1<<20, func(line []byte) {
		if len(line) != i%97 {
			t.Fatalf("line %d has %d bytes", i, len(line))
		}
		i++
	}); err != nil || i != 5000 {
		t.Errorf("%d lines, %v", i, err)
	}
}

func TestHead(t *testing.T) {
	path := write(t, "12\n34\n")
	for n, want := range map[int]string{4: "12\n3", 64: "12\n34\n"} {
		if got, err := Head(path, make([]byte, n)); err != nil || string(got) != want {
			t.Errorf("%d bytes: %q, %v", n, got, err)
		}
	}
	if got, err := Head(write(t, ""), make([]byte, 4)); err != nil || len(got) != 0 {
		t.Errorf("empty: %q, %v", got, err)
	}
	if _, err := Head(path+"x", nil); !IsMissing(err) {
		t.Errorf("no file: %v", err)
	}
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{}
	for i := 0; i < 300; i++ { // more than a buffer holds
		name := strings.Repeat("d", 1+i%50) + strings.Repeat("e", i/50)
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		want[name] = true
		if err := os.WriteFile(filepath.Join(dir, "f"+name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	if err := Folders(dir, func(name string) error { got[name] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d folders, want %d", len(got), len(want))
	}
	for name := range want {
		if !got[name] {
			t.Errorf("no %s", name)
		}
	}
	if err := Folders(dir, func(string) error { return os.ErrInvalid }); err != os.ErrInvalid {
		t.Errorf("error %v", err)
	}
	if err := Folders(filepath.Join(dir, "none"), nil); !IsMissing(err) {
		t.Errorf("no folder: %v", err)
	}
}
