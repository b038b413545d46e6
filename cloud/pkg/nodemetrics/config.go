package nodemetrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Config is the section modules.nodeMetrics of cloudcore's config file. Fields
// marked "live" are taken up while running when the file changes.
type Config struct {
	// Enable lets beehive start the module.
	Enable bool `json:"enable"`
	// BindAddress is host:port of the module's own listener, on whose page
	// cloudcore's own metrics stand too. "" means none: the nodes join
	// cloudcore's monitorServer page.
	BindAddress string `json:"bindAddress"`
	// WebConfigFile is a web configuration file as of Prometheus' exporters:
	// TLS, client certificates, basic auth. "" means plain HTTP.
	WebConfigFile string `json:"webConfigFile"`
	// Topics are the topics of the messages that cloudcore routes here.
	Topics []string `json:"topics"`
	// Identity says whose report a message is: session is the node whose
	// session brought it, as the message's resource node/<node>/<topic>
	// has it; payload, where the resource names none, the one that stands
	// in the message at NodeNameField.
	Identity string `json:"identity"`
	// NodeNameField is the path of the node's name in a message. With
	// identity session it only serves to count messages that claim another.
	NodeNameField string `json:"nodeNameField"`
	// NodeTTL is how long a report counts. Live.
	NodeTTL Duration `json:"nodeTTL"`
	// MissedReports stretches the TTL of a node whose reports declare an
	// interval to at least this many intervals. Live.
	MissedReports int `json:"missedReports"`
	// NodeTTLOverrides give nodes another TTL; the first match counts. Live.
	NodeTTLOverrides []TTLOverride `json:"nodeTTLOverrides"`
	// DisconnectGrace is how long a report counts at most after the node's
	// session ended. Live.
	DisconnectGrace Duration `json:"disconnectGrace"`
	// Retention is how long an expired node is remembered, with edge_node_up 0. Live.
	Retention Duration `json:"retention"`
	// MappingFile says what messages mean; "" is sysInfo version 1. Live, as
	// is what is in the file.
	MappingFile string `json:"mappingFile"`
	// Limits shed a node that sends too much. Live.
	Limits Limits `json:"limits"`

	// Host are the metrics that stand on the page beside the module's;
	// nil is prometheus.DefaultGatherer.
	Host prometheus.Gatherer `json:"-"`
	// Authorize, if not nil, decides who may read: it is asked for every
	// request but those for /healthz and /readyz, and returns nil,
	// ErrUnauthenticated, ErrForbidden, or another error if it cannot tell.
	// It may be called by any number of goroutines at once, and should give
	// up when the request's context ends.
	Authorize func(*http.Request) error `json:"-"`

	source string // cloudcore's config file
	from   string // the file that had the section
}

// TTLOverride is another TTL for the nodes whose name matches a pattern.
type TTLOverride struct {
	// Nodes is a pattern: * is any run of characters, ? any one, [a-z] a range.
	Nodes string `json:"nodes"`
	// TTL is how long a report of these nodes counts.
	TTL Duration `json:"ttl"`
}

// Limits bound what the edge can cost.
type Limits struct {
	// Nodes is how many nodes may be known at once.
	Nodes int `json:"nodes"`
	// SamplesPerNode is how many samples one report may have.
	SamplesPerNode int `json:"samplesPerNode"`
	// ReportBytes is how long one message may be.
	ReportBytes int `json:"reportBytes"`
	// LabelValueBytes is how long a label value may be.
	LabelValueBytes int `json:"labelValueBytes"`
	// ReportsPerSecond is how many reports one node may send.
	ReportsPerSecond float64 `json:"reportsPerSecond"`
}

// The values of Config.Identity.
const (
	IdentitySession = "session"
	IdentityPayload = "payload"
)

// Duration is a time.Duration that is written as in Go: 90s, 3m, 24h.
type Duration struct{ time.Duration }

// UnmarshalJSON reads a string of the form that time.ParseDuration takes.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	err := json.Unmarshal(b, &s)
	if err == nil {
		d.Duration, err = time.ParseDuration(s)
	}
	if err != nil {
		// Of this type of error the JSON decoder says where it is.
		return &json.UnmarshalTypeError{Value: string(b), Type: reflect.TypeFor[Duration]()}
	}
	return nil
}

// MarshalJSON writes the form that UnmarshalJSON reads.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// DefaultConfig returns the config without any file.
func DefaultConfig() Config {
	return Config{
		Enable:        true,
		BindAddress:   "0.0.0.0:10005",
		Topics:        []string{"default/user/sysinfo", "SYS/dis/upload_records"},
		Identity:      IdentitySession,
		NodeTTL:       Duration{3 * time.Minute},
		MissedReports: 3,

		NodeTTLOverrides: []TTLOverride{},

		DisconnectGrace: Duration{90 * time.Second},
		Retention:       Duration{24 * time.Hour},
		Limits: Limits{
			Nodes:            20000,
			SamplesPerNode:   mapping.DefaultLimits.Samples,
			ReportBytes:      mapping.DefaultLimits.Bytes,
			LabelValueBytes:  mapping.DefaultLimits.LabelValueBytes,
			ReportsPerSecond: 5,
		},
	}
}

// section is where the config stands in cloudcore's file, for errors.
const section = "modules.nodeMetrics"

// Validate checks every value against its bounds. The error joins all that are
// wrong, each with its path, its value and the bound.
func (c Config) Validate() error {
	var errs []error
	wrong := func(field string, value any, bound string) {
		errs = append(errs, fmt.Errorf("%s.%s: %v, %s", section, field, value, bound))
	}
	duration := func(field string, d Duration, least, most time.Duration) {
		if d.Duration < least || d.Duration > most {
			wrong(field, d, fmt.Sprintf("must be from %v to %v", least, most))
		}
	}
	number := func(field string, v, least, most float64) {
		if !(v >= least && v <= most) {
			wrong(field, strconv.FormatFloat(v, 'f', -1, 64), fmt.Sprintf("must be from %s to %s",
				strconv.FormatFloat(least, 'f', -1, 64), strconv.FormatFloat(most, 'f', -1, 64)))
		}
	}

	if c.BindAddress != "" {
		if _, port, err := net.SplitHostPort(c.BindAddress); err != nil {
			wrong("bindAddress", strconv.Quote(c.BindAddress), "must be host:port, or empty")
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			wrong("bindAddress", strconv.Quote(c.BindAddress), "the port must be from 0 to 65535")
		}
	}
	if len(c.Topics) == 0 {
		wrong("topics", "none", "at least one is needed")
	}
	for i, t := range c.Topics {
		if t == "" || strings.HasPrefix(t, "/") || strings.ContainsAny(t, "+#") {
			wrong(fmt.Sprintf("topics[%d]", i), strconv.Quote(t), "must be a topic without wildcards and leading slash")
		}
	}
	switch c.Identity {
	case IdentitySession:
	case IdentityPayload:
		if c.NodeNameField == "" {
			wrong("nodeNameField", `""`, "must be given with identity payload")
		}
	default:
		wrong("identity", strconv.Quote(c.Identity), "must be session or payload")
	}
	if c.NodeNameField != "" {
		if _, err := mapping.NewDecoder(mapping.Version1(), c.NodeNameField, mapping.Limits{}); err != nil {
			wrong("nodeNameField", strconv.Quote(c.NodeNameField), err.Error())
		}
	}
	const day = 24 * time.Hour
	duration("nodeTTL", c.NodeTTL, time.Second, 7*day)
	number("missedReports", float64(c.MissedReports), 1, 100)
	for i, o := range c.NodeTTLOverrides {
		if _, err := path.Match(o.Nodes, ""); err != nil || o.Nodes == "" {
			wrong(fmt.Sprintf("nodeTTLOverrides[%d].nodes", i), strconv.Quote(o.Nodes), "must be a pattern of * ? and [a-z]")
		}
		duration(fmt.Sprintf("nodeTTLOverrides[%d].ttl", i), o.TTL, time.Second, 7*day)
	}
	duration("disconnectGrace", c.DisconnectGrace, time.Second, 7*day)
	duration("retention", c.Retention, time.Second, 366*day)
	if c.Retention.Duration < c.NodeTTL.Duration {
		wrong("retention", c.Retention, fmt.Sprintf("must be at least nodeTTL, %v", c.NodeTTL))
	}
	number("limits.nodes", float64(c.Limits.Nodes), 1, 10_000_000)
	number("limits.samplesPerNode", float64(c.Limits.SamplesPerNode), 1, 100_000)
	number("limits.reportBytes", float64(c.Limits.ReportBytes), 64, 16<<20)
	number("limits.labelValueBytes", float64(c.Limits.LabelValueBytes), 16, sysinfo.MaxLabelValue)
	number("limits.reportsPerSecond", c.Limits.ReportsPerSecond, 0.001, 100_000)
	return errors.Join(errs...)
}

// registryOptions is the part of the config that the registry acts on.
func (c *Config) registryOptions() registry.Options {
	o := registry.Options{
		NodeTTL:          c.NodeTTL.Duration,
		MissedReports:    c.MissedReports,
		DisconnectGrace:  c.DisconnectGrace.Duration,
		Retention:        c.Retention.Duration,
		Nodes:            c.Limits.Nodes,
		ReportsPerSecond: c.Limits.ReportsPerSecond,
	}
	for _, v := range c.NodeTTLOverrides {
		o.Overrides = append(o.Overrides, registry.Override{Nodes: v.Nodes, TTL: v.TTL.Duration})
	}
	return o
}

// decoder reads the mapping and prepares it for decoding.
func (c *Config) decoder() (*mapping.Decoder, error) {
	spec := mapping.Version1()
	if c.MappingFile != "" {
		var err error
		if spec, err = loadMapping(c.MappingFile); err != nil {
			return nil, fmt.Errorf("%s.mappingFile: %w", section, err)
		}
	}
	return mapping.NewDecoder(spec, c.NodeNameField, mapping.Limits{
		Bytes:           c.Limits.ReportBytes,
		Samples:         c.Limits.SamplesPerNode,
		LabelValueBytes: c.Limits.LabelValueBytes,
	})
}
