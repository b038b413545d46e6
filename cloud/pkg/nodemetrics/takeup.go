package nodemetrics

import (
	"reflect"

	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// prepared is a config that is ready to be taken up while running.
type prepared struct {
	config  Config
	decoder *mapping.Decoder
	fixed   []string // the keys that have changed, and wait for the next start
}

// takeUp puts a config in force, but for what is not live.
func (m *Module) takeUp(p *prepared) error {
	c := &p.config
	if err := m.registry.SetOptions(c.registryOptions()); err != nil {
		return err
	}
	if len(p.fixed) > 0 {
		klog.InfoS("Node metrics take up these values only with cloudcore's next start", "fields", p.fixed)
	}
	m.decoder.Store(p.decoder)
	m.config.Store(c)
	klog.InfoS("Node metrics took up the changed config", "file", c.from, "nodeTTL", c.NodeTTL, "disconnectGrace", c.DisconnectGrace,
		"retention", c.Retention, "overrides", len(c.NodeTTLOverrides), "limits", c.Limits, "mappingFile", c.MappingFile)
	return nil
}

// keepFixed sets the fields of c that are not live to those of old, and returns
// the keys of those that differed. Fields that no file can set count as fixed too.
func keepFixed(c, old reflect.Value, prefix string) (changed []string) {
	for i := range c.NumField() {
		f := c.Type().Field(i)
		if !f.IsExported() || f.Tag.Get("live") == "true" {
			continue
		}
		key := f.Tag.Get("json")
		if f.Type == reflect.TypeFor[Limits]() {
			changed = append(changed, keepFixed(c.Field(i), old.Field(i), prefix+key+".")...)
			continue
		}
		if key != "-" && !reflect.DeepEqual(c.Field(i).Interface(), old.Field(i).Interface()) {
			changed = append(changed, prefix+key)
		}
		c.Field(i).Set(old.Field(i))
	}
	return changed
}
