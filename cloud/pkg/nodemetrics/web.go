package nodemetrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/exporter-toolkit/web"
	"sigs.k8s.io/yaml"
)

// CheckFiles checks the files that are only read or written while the module runs,
// and what they name. The module itself does not fail on them: it logs the error and
// tries again.
func (c Config) CheckFiles() error { return errors.Join(c.checkWeb(), c.checkSnapshot()) }

// checkSnapshot checks that the snapshot file can be there.
func (c *Config) checkSnapshot() error {
	if c.SnapshotFile == "" {
		return nil
	}
	info, err := os.Stat(c.SnapshotFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// It comes with the first stop, into a folder that must be there.
		_, err = os.Stat(filepath.Dir(c.SnapshotFile))
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s: must be a regular file, and is %s", c.SnapshotFile, kindOf(info.Mode()))
	}
	if err != nil {
		return fmt.Errorf("%s.snapshotFile: %w", section, err)
	}
	return nil
}

// checkWeb checks the web configuration file, and the files that it names, as
// serving would.
func (c *Config) checkWeb() error {
	if c.WebConfigFile == "" {
		return nil
	}
	_, err := readFile(c.WebConfigFile) // bounded, which the toolkit's reading is not
	if err == nil {
		err = web.Validate(c.WebConfigFile)
	}
	if err != nil {
		return fmt.Errorf("%s.webConfigFile: %w", section, err)
	}
	return nil
}

// Scheme returns how the module's own listener is spoken to: "https" where the
// web configuration file has TLS, else "http".
func (c Config) Scheme() string {
	if c.WebConfigFile == "" {
		return "http"
	}
	data, _ := readFile(c.WebConfigFile) // what cannot be read has no keys either
	var file struct {
		TLS map[string]any `json:"tls_server_config"`
	}
	if yaml.Unmarshal(data, &file) != nil {
		return "http"
	}
	// Any of these makes the toolkit serve TLS, or refuse the file.
	for _, key := range []string{"cert", "key", "cert_file", "key_file", "client_auth_type", "client_ca", "client_ca_file"} {
		if v, ok := file.TLS[key].(string); ok && v != "" {
			return "https"
		}
	}
	return "http"
}
