package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ConfigMap reads the ConfigMap that the cloudcores mount.
func (s *Stack) ConfigMap() (map[string]string, error) {
	var object struct{ Data map[string]string }
	if err := s.get(&object, "-n", "kubeedge", "configmap", "cloudcore"); err != nil {
		return nil, err
	}
	return object.Data, nil
}

// EditConfigMap sets one key of the ConfigMap, as kubectl edit would, and has the
// mount follow.
func (s *Stack) EditConfigMap(key, value string) error {
	return s.patchConfigMap(map[string]any{key: value})
}

// CutFromConfigMap removes one key of the ConfigMap and has the mount follow.
func (s *Stack) CutFromConfigMap(key string) error {
	return s.patchConfigMap(map[string]any{key: nil})
}

func (s *Stack) patchConfigMap(data map[string]any) error {
	patch, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return fmt.Errorf("writing the patch: %w", err)
	}
	if _, err := s.Kubectl("", "patch", "-n", "kubeedge", "configmap", "cloudcore", "--type", "merge", "-p", string(patch)); err != nil {
		return err
	}
	return s.Mount()
}

// Mount does what a kubelet does with a mounted ConfigMap: the files are links
// through one link "..data", which is swapped to a new folder as a whole.
func (s *Stack) Mount() error {
	data, err := s.ConfigMap()
	if err != nil {
		return err
	}
	mount := s.configFolder()
	version := fmt.Sprintf("..%d", time.Now().UnixNano())
	if err := os.MkdirAll(filepath.Join(mount, version), 0o755); err != nil {
		return fmt.Errorf("making the version of the mount: %w", err)
	}
	before, _ := os.Readlink(filepath.Join(mount, "..data"))
	for key, value := range data {
		if err := os.WriteFile(filepath.Join(mount, version, key), []byte(value), 0o644); err != nil {
			return fmt.Errorf("writing the mount: %w", err)
		}
		err := os.Symlink(filepath.Join("..data", key), filepath.Join(mount, key))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("linking the mount: %w", err)
		}
	}
	next := filepath.Join(mount, "..data_tmp")
	if err := os.Symlink(version, next); err != nil {
		return fmt.Errorf("linking the mount: %w", err)
	}
	if err := os.Rename(next, filepath.Join(mount, "..data")); err != nil {
		return fmt.Errorf("swapping the mount: %w", err)
	}
	if before != "" {
		return os.RemoveAll(filepath.Join(mount, before))
	}
	return nil
}

// configFolder is where the chart mounts the ConfigMap, and where a cloudcore of
// one's own looks for it.
func (s *Stack) configFolder() string { return "/etc/kubeedge/config" }
