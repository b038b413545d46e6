package nodemetrics

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"k8s.io/klog/v2"
)

// watchPeriod is how often the files are read again. A ConfigMap's files are
// behind symbolic links that are swapped, which notifications of the file
// system tell only in roundabout ways; and they are small.
const watchPeriod = 5 * time.Second

// watched is what the files were like when they were last looked at.
type watched struct {
	seen    [sha256.Size]byte
	refused string // why they were, "" if they were not
}

// watch takes up changes of the config and mapping files until ctx is done.
func (m *Module) watch(ctx context.Context) {
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.check()
		}
	}
}

// check takes up the files if they have changed. refused ones it tries again:
// they may name a mapping file that has come, or been mended, since.
func (m *Module) check() {
	// The files may change while they are read: what counts is how they
	// were before, so that a later change is seen the next time.
	now := m.config.Load().fingerprint()
	if now == m.watched.seen && m.watched.refused == "" {
		return
	}
	err := m.reload()
	if err == nil {
		m.watched = watched{seen: now}
		m.metrics.reloadOK.Set(1)
		m.metrics.reloadTime.SetToCurrentTime()
		return
	}
	m.metrics.reloadOK.Set(0)
	if err.Error() != m.watched.refused {
		klog.ErrorS(err, "Node metrics keep their config, the changed one is refused")
	}
	m.watched = watched{now, err.Error()}
}

// fingerprint is a digest of all files that the config depends on.
func (c *Config) fingerprint() (sum [sha256.Size]byte) {
	var names []string
	if c.source != "" {
		names = files(c.source)
	}
	if c.MappingFile != "" {
		names = append(names, c.MappingFile)
	}
	h := sha256.New()
	for _, name := range names {
		data, err := readFile(name)
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
		switch {
		case loaded.from != "":
			c = loaded
			c.Host, c.Authorize = old.Host, old.Authorize
		case old.from != "":
			return errVanished
		}
	}
	if err := c.Validate(); err != nil {
		return err
	}
	fixed := keepFixed(&c, old)
	decoder, err := c.decoder()
	if err != nil {
		return err
	}
	if err := m.registry.SetOptions(c.registryOptions()); err != nil {
		return err
	}
	if len(fixed) > 0 {
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
	note("identity", c.Identity == old.Identity)
	note("nodeNameField", c.NodeNameField == old.NodeNameField)
	c.Enable, c.BindAddress, c.WebConfigFile, c.Topics = old.Enable, old.BindAddress, old.WebConfigFile, old.Topics
	c.Identity, c.NodeNameField = old.Identity, old.NodeNameField
	return changed
}
