//go:build !linux

package plainfile

import "os"

// Folders calls each with the name of every folder in the folder at path, until
// one call returns an error, and returns that.
func Folders(path string, each func(name string) error) error {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if e.IsDir() {
			if err := each(e.Name()); err != nil {
				return err
			}
		}
	}
	return err
}
