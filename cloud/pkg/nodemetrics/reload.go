package nodemetrics

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"time"

	"k8s.io/klog/v2"
)

// watchPeriod is how often the files are read again. A ConfigMap's files are
// behind symbolic links that are swapped, which notifications of the file
// system tell only in roundabout ways; and they are small.
const watchPeriod = 5 * time.Second

// watch takes up changes of the config and mapping files until ctx is done.
func (m *Module) watch(ctx context.Context) {
	seen := m.fingerprint()
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// The files may change while they are read: what counts is how they
		// were before, so that a later change is seen the next time.
		now := m.fingerprint()
		if now == seen {
			continue
		}
		if err := m.reload(); err != nil {
			m.metrics.reloadOK.Set(0)
			klog.ErrorS(err, "Node metrics keep their config, the changed one is refused")
		} else {
			m.metrics.reloadOK.Set(1)
			m.metrics.reloadTime.SetToCurrentTime()
		}
		seen = now
		// A new config may name another mapping file.
		if after := m.fingerprint(); after != now && m.config.Load().MappingFile != "" {
			seen = after
		}
	}
}

// fingerprint is a digest of all files that the config depends on.
func (m *Module) fingerprint() (sum [sha256.Size]byte) {
	c := m.config.Load()
	var names []string
	if c.source != "" {
		names = files(c.source)
	}
	if c.MappingFile != "" {
		names = append(names, c.MappingFile)
	}
	h := sha256.New()
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			data = []byte(err.Error())
		}
		part := sha256.Sum256(data)
		h.Write(part[:])
	}
	h.Sum(sum[:0])
	return sum
}

// errVanished is for a section that a running cloudcore's file has lost.
var errVanished = errors.New(section + ": the section is gone from the file; " +
	"cloudcore drops it when it writes its ConfigMap anew, so keep it in a key " + ownFile + " of its own")

// reload takes up the parts of the config that are live.
func (m *Module) reload() error {
	old := m.config.Load()
	c := *old
	if old.source != "" {
		loaded, err := LoadConfig(old.source)
		if err != nil {
			return err
		}
		if loaded.from == "" {
			return errVanished
		}
		c = loaded
		c.Host = old.Host
	}
	if err := c.Validate(); err != nil {
		return err
	}
	decoder, err := c.decoder()
	if err != nil {
		return err
	}
	if err := m.registry.SetOptions(c.registryOptions()); err != nil {
		return err
	}
	if fixed := keepFixed(&c, old); len(fixed) > 0 {
		klog.InfoS("Node metrics take up these values only with cloudcore's next start", "fields", fixed)
	}
	m.decoder.Store(decoder)
	m.config.Store(&c)
	klog.InfoS("Node metrics took up the changed config", "nodeTTL", c.NodeTTL, "disconnectGrace", c.DisconnectGrace,
		"retention", c.Retention, "overrides", len(c.NodeTTLOverrides), "limits", c.Limits, "mappingFile", c.MappingFile)
	return nil
}

// keepFixed sets the fields of c that are not live to those of old, and returns
// the names of those that differed.
func keepFixed(c, old *Config) (changed []string) {
	note := func(name string, same bool) {
		if !same {
			changed = append(changed, name)
		}
	}
	note("enable", c.Enable == old.Enable)
	note("bindAddress", c.BindAddress == old.BindAddress)
	note("webConfigFile", c.WebConfigFile == old.WebConfigFile)
	note("topics", slices.Equal(c.Topics, old.Topics))
	c.Enable, c.BindAddress, c.WebConfigFile, c.Topics = old.Enable, old.BindAddress, old.WebConfigFile, old.Topics
	return changed
}
