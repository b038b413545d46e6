package nodemetrics

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"time"

	"k8s.io/klog/v2"
)

// watchPeriod is how often the files are looked at. A ConfigMap's files are behind
// symbolic links that are swapped, which notifications of the file system tell
// only in roundabout ways; and they are small.
const watchPeriod = 5 * time.Second

// secondLook is how long a change must last. A file that somebody is still writing
// may well be a valid one, only shorter.
const secondLook = 2 * time.Second

// watched is what the files were like when they were last taken up or refused.
type watched struct {
	names   []string // of all that were read
	sum     [sha256.Size]byte
	changed [sha256.Size]byte // what the newest look saw instead, if anything
	refused string            // why they were, "" if they were not
}

// watch takes up changes of the config and mapping files until ctx is done.
func (m *Module) watch(ctx context.Context) {
	timer := time.NewTimer(watchPeriod)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if m.check() {
			timer.Reset(secondLook)
		} else {
			timer.Reset(watchPeriod)
		}
	}
}

// check looks at the files, and takes them up if they have changed and are as they
// were at the look before. It reports whether that takes another look.
func (m *Module) check() (again bool) {
	w := &m.watched
	now := lookAt(w.names)
	sum := now.sum()
	if sum == w.sum {
		w.changed = [sha256.Size]byte{}
		return false
	}
	if sum != w.changed {
		w.changed = sum
		return true
	}
	used := &look{}
	next, err := m.prepare(used.through(now))
	if more := now.sum(); more != sum {
		// Files were read that were not among those of the two looks.
		w.names, w.changed = now.names, more
		return true
	}
	if err == nil {
		err = m.takeUp(next)
	}
	refused := w.refused
	*w = watched{names: used.names, sum: used.sum()}
	if err != nil {
		reason := err.Error()
		w.refused = reason
		m.configRefused.Store(&reason)
		m.metrics.reloadOK.Set(0)
		if w.refused != refused {
			klog.ErrorS(err, "Node metrics keep their config, the changed one is refused")
		}
		return false
	}
	m.configRefused.Store(nil)
	m.metrics.reloadOK.Set(1)
	m.metrics.reloadTime.SetToCurrentTime()
	return false
}

// errVanished is for a section that a running cloudcore's file has lost.
var errVanished = errors.New(section + ": the section is gone from the file; " +
	"cloudcore drops it when it writes its ConfigMap anew, so keep it in a key " + ownFile + " of its own")

// prepare makes a config of what was looked at.
func (m *Module) prepare(read func(name string) ([]byte, error)) (*prepared, error) {
	old := m.config.Load()
	c := *old
	if old.source != "" {
		loaded, err := loadConfig(old.source, read)
		if err != nil {
			return nil, err
		}
		switch own := files(old.source)[0]; {
		case loaded.from == "" && old.from != "":
			return nil, errVanished
		case old.from == own && loaded.from != own:
			return nil, fmt.Errorf("%s: the file is gone; what is in force came from it, and the section in %s is not taken up before the next start", own, loaded.from)
		case loaded.from != "":
			c = loaded
		}
	}
	if err := c.Validate(); err != nil {
		return nil, inFile(c.from, err)
	}
	fixed := keepFixed(reflect.ValueOf(&c).Elem(), reflect.ValueOf(old).Elem(), "")
	decoder, err := c.decoder(read)
	if err != nil {
		return nil, err
	}
	return &prepared{c, decoder, fixed}, nil
}
