package nodemetrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Config is the section modules.nodeMetrics of cloudcore's config file. Fields
// with the tag live are taken up while running when the file changes, all others
// with cloudcore's next start.
type Config struct {
	// Enable lets beehive start the module.
	Enable bool `json:"enable"`
	// BindAddress is the host:port that the module serves its page on,
	// together with cloudcore's own metrics. "" opens no port: the nodes join
	// the page of cloudcore's monitorServer.
	BindAddress string `json:"bindAddress"`
	// WebConfigFile is a web configuration file as Prometheus' exporters use
	// it: TLS, client certificates, basic auth. "" is plain HTTP.
	WebConfigFile string `json:"webConfigFile"`
	// Authorization says who may read. With "" it is everybody whom
	// `webConfigFile` lets in. With `kubernetes` a reader needs a bearer token
	// that the API server knows (TokenReview), of somebody who may get the
	// nonResourceURL /metrics (SubjectAccessReview); it works in cloudcore only.
	Authorization string `json:"authorization"`
	// MaxConnections is how many connections the listener keeps open, and
	// never more than a quarter of the descriptors that cloudcore may open.
	// One more closes the one that has waited for longest.
	MaxConnections int `json:"maxConnections"`
	// MaxScrapes is how many scrapes are served at once. One more cuts the
	// one whose reader has stalled for longest.
	MaxScrapes int `json:"maxScrapes"`
	// ScrapeTimeout is how long a scrape may take, if the scraper does not
	// ask for less.
	ScrapeTimeout Duration `json:"scrapeTimeout"`
	// WriteTimeout is how long a reader of any page may take nothing until
	// its connection is closed.
	WriteTimeout Duration `json:"writeTimeout"`
	// Topics are the topics of the messages that cloudcore routes here.
	Topics []string `json:"topics"`
	// Identity says where the node's name comes from. `session`: use the node
	// in the message's resource. `payload`: if there is none, read
	// `nodeNameField`.
	Identity string `json:"identity"`
	// RequireOwnCertificate refuses reports in the name of one node that come
	// by the certificate of another; otherwise they are only counted. A
	// certificate whose common name does not begin with `system:node:` is no
	// node's, and passes. It works in a cloudcore of KubeEdge v1.18 or later.
	RequireOwnCertificate bool `json:"requireOwnCertificate"`
	// NodeNameField is the path of the node's name in a message. With
	// identity `session` it only counts messages that claim another name.
	NodeNameField string `json:"nodeNameField"`
	// NodeTTL is how long a report counts.
	NodeTTL Duration `json:"nodeTTL" live:"true"`
	// MissedReports is how many reports in a row a node may miss: a node that
	// declares its interval has a TTL of at least this many intervals.
	MissedReports int `json:"missedReports" live:"true"`
	// NodeTTLOverrides give some nodes another TTL, instead of `nodeTTL` and
	// `missedReports`; the first match counts. No TTL is shorter than one and
	// a half intervals that the node declares, so a node that reports is up.
	NodeTTLOverrides []TTLOverride `json:"nodeTTLOverrides" live:"true"`
	// DisconnectGrace is how long a report counts at most after the node's
	// session ended.
	DisconnectGrace Duration `json:"disconnectGrace" live:"true"`
	// ExpectGrace is how long a node that has a Node object has for its first
	// report before it is shown as down; 0s is nodeTTL. A node whose override
	// or last known interval gives it a longer TTL has that long.
	ExpectGrace Duration `json:"expectGrace" live:"true"`
	// Retention is how long an expired node is remembered, with edge_node_up 0.
	Retention Duration `json:"retention" live:"true"`
	// MappingFile is the file that says what messages mean; "" is sysInfo
	// version 1. A change of the file's content is taken up too.
	MappingFile string `json:"mappingFile" live:"true"`
	// SnapshotFile is where the newest reports are kept over a restart of
	// cloudcore; "" means nowhere. It is written each minute and at the stop.
	SnapshotFile string `json:"snapshotFile"`
	// Limits bound what one node can cost.
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
	// ChecksCertificates says that the program does what RequireOwnCertificate
	// asks for, on the way of a message to the module.
	ChecksCertificates bool `json:"-"`

	source string // cloudcore's config file
	seen   *look  // what was read for it
	from   string // the file that had the section
	// shadowed is the file that had it too, for nothing.
	shadowed string
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
	Nodes int `json:"nodes" live:"true"`
	// SamplesPerNode is how many samples of one report are taken.
	SamplesPerNode int `json:"samplesPerNode" live:"true"`
	// ReportBytes is how long one message may be.
	ReportBytes int `json:"reportBytes" live:"true"`
	// LabelValueBytes is how long a label value may be.
	LabelValueBytes int `json:"labelValueBytes" live:"true"`
	// ReportsPerSecond is how many reports of one node are decoded as they
	// come. Of those over it the newest is decoded within half a second, so
	// that it is shown however many came.
	ReportsPerSecond float64 `json:"reportsPerSecond" live:"true"`
	// Series is how many series of nodes may be on the page. Every known node
	// can have an equal share, and more while there is room; what is over that
	// is left out, the last on the page first.
	Series int `json:"series" live:"true"`
	// Bytes is how long the nodes' part of the page may be, uncompressed,
	// shared like series.
	Bytes int `json:"bytes" live:"true"`
	// PendingBytes is how many bytes the reports that are over their node's
	// rate may take while they wait. If they take more the largest go first.
	PendingBytes int `json:"pendingBytes" live:"true"`
	// NewNodesPerMinute is how many nodes may become known in a minute of those
	// that only their own messages name (identity payload); 0 is a quarter of
	// nodes.
	NewNodesPerMinute int `json:"newNodesPerMinute" live:"true"`
}

// pendingBytes returns PendingBytes or its default.
func (l Limits) pendingBytes() int {
	if l.PendingBytes == 0 {
		return DefaultConfig().Limits.PendingBytes
	}
	return l.PendingBytes
}

// The values of Config.Identity.
const (
	IdentitySession = "session"
	IdentityPayload = "payload"
)

// AuthorizationKubernetes is the value of Config.Authorization that has the
// Kubernetes API server decide who may read.
const AuthorizationKubernetes = "kubernetes"

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

// DefaultConfig returns the config without any file. The defaults of what the
// registry and the decoder act on stand there.
func DefaultConfig() Config {
	of := registry.Options{}.WithDefaults()
	return Config{
		Enable:      true,
		BindAddress: "0.0.0.0:10005",

		MaxConnections: 256,
		MaxScrapes:     10,
		ScrapeTimeout:  Duration{30 * time.Second},
		WriteTimeout:   Duration{10 * time.Second},

		Topics:        []string{"default/user/sysinfo", "SYS/dis/upload_records"},
		Identity:      IdentitySession,
		NodeTTL:       Duration{of.NodeTTL},
		MissedReports: of.MissedReports,

		NodeTTLOverrides: []TTLOverride{},

		DisconnectGrace: Duration{of.DisconnectGrace},
		Retention:       Duration{of.Retention},
		Limits: Limits{
			Nodes:            of.Nodes,
			SamplesPerNode:   mapping.DefaultLimits.Samples,
			ReportBytes:      mapping.DefaultLimits.Bytes,
			LabelValueBytes:  mapping.DefaultLimits.LabelValueBytes,
			ReportsPerSecond: of.ReportsPerSecond,
			Series:           of.Series,
			Bytes:            int(of.Bytes),
			PendingBytes:     32 << 20,
		},
	}
}

// maxOverrides bounds nodeTTLOverrides: a node's first report tries all of them, and
// a change of the config tries them for every node.
const maxOverrides = 1000

// notInHost reports whether a letter can stand neither in a host's name nor in an
// address.
func notInHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:%", r))
}

// mostValue is how much of a wrong value an error has, in bytes.
const mostValue = 200

// section is where the config stands in cloudcore's file, for errors.
const section = "modules.nodeMetrics"

// Validate checks every value against its bounds. The error joins all that are
// wrong, each with its path, its value and the bound.
func (c Config) Validate() error {
	var errs []error
	wrong := func(field string, value any, bound string) {
		text := fmt.Sprint(value)
		if len(text) > mostValue {
			text = text[:mostValue] + "…"
		}
		errs = append(errs, fmt.Errorf("%s.%s: %s, %s", section, field, text, bound))
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
		if host, port, err := net.SplitHostPort(c.BindAddress); err != nil {
			wrong("bindAddress", strconv.Quote(c.BindAddress), "must be host:port, or empty")
		} else if strings.ContainsFunc(host, notInHost) {
			wrong("bindAddress", strconv.Quote(c.BindAddress), "the host must be a name, an address or empty")
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			wrong("bindAddress", strconv.Quote(c.BindAddress), "the port must be from 0 to 65535")
		}
	}
	file := func(field, name string) {
		if strings.ContainsRune(name, 0) || strings.HasSuffix(name, "/") || strings.TrimSpace(name) != name {
			wrong(field, strconv.Quote(name), "must be the path of a file")
		}
	}
	file("webConfigFile", c.WebConfigFile)
	file("mappingFile", c.MappingFile)
	file("snapshotFile", c.SnapshotFile)
	number("maxConnections", float64(c.MaxConnections), 8, 65_536)
	number("maxScrapes", float64(c.MaxScrapes), 1, 1000)
	duration("scrapeTimeout", c.ScrapeTimeout, time.Second, 10*time.Minute)
	duration("writeTimeout", c.WriteTimeout, 100*time.Millisecond, 10*time.Minute)
	if len(c.Topics) == 0 {
		wrong("topics", "none", "at least one is needed")
	}
	for i, t := range c.Topics {
		if t == "" || strings.HasPrefix(t, "/") || strings.ContainsAny(t, "+#") {
			wrong(fmt.Sprintf("topics[%d]", i), strconv.Quote(t), "must be a topic without wildcards and leading slash")
		} else if strings.TrimSpace(t) != t || strings.ContainsFunc(t, unicode.IsControl) {
			wrong(fmt.Sprintf("topics[%d]", i), strconv.Quote(t), "must be a topic without space around it and control characters")
		} else if first := slices.Index(c.Topics, t); first < i {
			wrong(fmt.Sprintf("topics[%d]", i), strconv.Quote(t), fmt.Sprintf("is topics[%d] already", first))
		}
	}
	switch c.Authorization {
	case "":
	case AuthorizationKubernetes:
		if c.BindAddress == "" {
			wrong("authorization", c.Authorization, "needs a bindAddress: nobody guards cloudcore's monitorServer page")
		}
	default:
		wrong("authorization", strconv.Quote(c.Authorization), "must be kubernetes, or empty")
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
	if n := len(c.NodeTTLOverrides); n > maxOverrides {
		wrong("nodeTTLOverrides", n, fmt.Sprintf("there may be at most %d", maxOverrides))
		c.NodeTTLOverrides = nil // one error about them is enough
	}
	first := map[string]int{}
	for i, o := range c.NodeTTLOverrides {
		if n, twice := first[o.Nodes]; twice {
			wrong(fmt.Sprintf("nodeTTLOverrides[%d].nodes", i), strconv.Quote(o.Nodes), fmt.Sprintf("is that of nodeTTLOverrides[%d] already, and the first match counts", n))
		} else {
			first[o.Nodes] = i
		}
		if _, err := path.Match(o.Nodes, ""); err != nil || o.Nodes == "" {
			wrong(fmt.Sprintf("nodeTTLOverrides[%d].nodes", i), strconv.Quote(o.Nodes), "must be a pattern of * ? and [a-z]")
		}
		duration(fmt.Sprintf("nodeTTLOverrides[%d].ttl", i), o.TTL, time.Second, 7*day)
	}
	duration("disconnectGrace", c.DisconnectGrace, time.Second, 7*day)
	duration("expectGrace", c.ExpectGrace, 0, 7*day)
	duration("retention", c.Retention, time.Second, 366*day)
	if c.Retention.Duration < c.NodeTTL.Duration {
		wrong("retention", c.Retention, fmt.Sprintf("must be at least nodeTTL, %v", c.NodeTTL))
	}
	number("limits.nodes", float64(c.Limits.Nodes), 1, 10_000_000)
	number("limits.samplesPerNode", float64(c.Limits.SamplesPerNode), 1, 100_000)
	number("limits.reportBytes", float64(c.Limits.ReportBytes), 64, 16<<20)
	number("limits.labelValueBytes", float64(c.Limits.LabelValueBytes), 16, sysinfo.MaxLabelValue)
	number("limits.reportsPerSecond", c.Limits.ReportsPerSecond, 0.001, 100_000)
	number("limits.series", float64(c.Limits.Series), 0, 1_000_000_000)
	number("limits.bytes", float64(c.Limits.Bytes), 0, 1<<40)
	number("limits.pendingBytes", float64(c.Limits.PendingBytes), 0, 1<<30)
	number("limits.newNodesPerMinute", float64(c.Limits.NewNodesPerMinute), 0, 10_000_000)
	return errors.Join(errs...)
}

// registryOptions is the part of the config that the registry acts on.
func (c *Config) registryOptions() registry.Options {
	o := registry.Options{
		NodeTTL:          c.NodeTTL.Duration,
		MissedReports:    c.MissedReports,
		DisconnectGrace:  c.DisconnectGrace.Duration,
		ExpectGrace:      c.ExpectGrace.Duration,
		Retention:        c.Retention.Duration,
		Nodes:            c.Limits.Nodes,
		Series:           c.Limits.Series,
		Bytes:            int64(c.Limits.Bytes),
		ReportsPerSecond: c.Limits.ReportsPerSecond,

		NewNodesPerMinute: c.Limits.NewNodesPerMinute,
	}
	for _, v := range c.NodeTTLOverrides {
		o.Overrides = append(o.Overrides, registry.Override{Nodes: v.Nodes, TTL: v.TTL.Duration})
	}
	return o
}

// decoder reads the mapping and prepares it for decoding.
func (c *Config) decoder(read func(name string) ([]byte, error)) (*mapping.Decoder, error) {
	spec := mapping.Version1()
	if c.MappingFile != "" {
		var err error
		if spec, err = loadMapping(c.MappingFile, read); err != nil {
			return nil, fmt.Errorf("%s.mappingFile: %w", section, err)
		}
	}
	return mapping.NewDecoder(spec, c.NodeNameField, mapping.Limits{
		Bytes:           c.Limits.ReportBytes,
		Samples:         c.Limits.SamplesPerNode,
		LabelValueBytes: c.Limits.LabelValueBytes,
	})
}
