package plainfile

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"syscall"
)

// Folders calls each with the name of every folder in the folder at path, until
// one call returns an error, and returns that. Control groups have dozens of
// files and few folders in a folder, and hosts have thousands of groups: os's
// ReadDir would make something of every file.
func Folders(path string, each func(name string) error) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	names, err := folderNames(f, path)
	f.close() // before the calls: they may open folders in turn
	for _, name := range names {
		if err := each(name); err != nil {
			return err
		}
	}
	return err
}

func folderNames(f file, path string) (names []string, err error) {
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.ReadDirent(f.fd, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return names, &fs.PathError{Op: "readdirent", Path: path, Err: err}
		}
		if n <= 0 {
			return names, nil
		}
		for entry := buffer[:n]; len(entry) >= headOfDirent; {
			length := int(binary.NativeEndian.Uint16(entry[16:]))
			if length < headOfDirent || length > len(entry) {
				break
			}
			name, _, _ := bytes.Cut(entry[headOfDirent:length], []byte{0})
			if isFolder(path, name, entry[18]) {
				names = append(names, string(name))
			}
			entry = entry[length:]
		}
	}
}

// headOfDirent is what getdents64(2) puts before a name: number and offset of 8
// bytes each, the length of the entry of 2, the kind of file of 1.
const headOfDirent = 19

func isFolder(path string, name []byte, kind byte) bool {
	if string(name) == "." || string(name) == ".." {
		return false
	}
	if kind != syscall.DT_UNKNOWN {
		return kind == syscall.DT_DIR
	}
	var s syscall.Stat_t
	return syscall.Lstat(path+"/"+string(name), &s) == nil && s.Mode&syscall.S_IFMT == syscall.S_IFDIR
}
