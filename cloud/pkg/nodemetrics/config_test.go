package nodemetrics

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// The documented section is the default one, but for a sample of an override.
func TestDefaultsAreDocumented(t *testing.T) {
	c, err := LoadConfig("testdata/documented.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := []TTLOverride{{Nodes: "factory-*", TTL: Duration{10 * time.Minute}}}; !slices.Equal(c.NodeTTLOverrides, want) {
		t.Errorf("overrides %v, want %v", c.NodeTTLOverrides, want)
	}
	got := settings(t, c)
	want := settings(t, DefaultConfig())
	delete(got, "nodeTTLOverrides")
	delete(want, "nodeTTLOverrides")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("documented\n%v\ndefault\n%v", got, want)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	var file struct {
		Modules struct{ NodeMetrics map[string]any }
	}
	if err := yaml.Unmarshal(contents(t, "testdata/documented.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	documented := file.Modules.NodeMetrics
	documented["nodeNameField"] = "" // named in a comment: it has no use by default
	for field := range settings(t, DefaultConfig()) {
		if _, ok := documented[field]; !ok {
			t.Errorf("%s is not documented", field)
		}
	}
}

// settings is the config as a file would have it.
func settings(t *testing.T, c Config) map[string]any {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestValidateBounds(t *testing.T) {
	const day = 24 * time.Hour
	duration := func(field func(*Config) *Duration) func(*Config, float64) {
		return func(c *Config, v float64) { field(c).Duration = time.Duration(v * float64(time.Second)) }
	}
	override := func(c *Config) *Duration {
		c.NodeTTLOverrides = []TTLOverride{{Nodes: "*"}}
		return &c.NodeTTLOverrides[0].TTL
	}
	cases := map[string]struct {
		set         func(*Config, float64)
		least, most float64
		step        float64
	}{
		"nodeTTL":                  {duration(func(c *Config) *Duration { c.Retention.Duration = 366 * day; return &c.NodeTTL }), 1, (7 * day).Seconds(), 0.001},
		"nodeTTLOverrides[0].ttl":  {duration(override), 1, (7 * day).Seconds(), 0.001},
		"disconnectGrace":          {duration(func(c *Config) *Duration { return &c.DisconnectGrace }), 1, (7 * day).Seconds(), 0.001},
		"retention":                {duration(func(c *Config) *Duration { c.NodeTTL.Duration = time.Second; return &c.Retention }), 1, (366 * day).Seconds(), 0.001},
		"missedReports":            {func(c *Config, v float64) { c.MissedReports = int(v) }, 1, 100, 1},
		"limits.nodes":             {func(c *Config, v float64) { c.Limits.Nodes = int(v) }, 1, 1e7, 1},
		"limits.samplesPerNode":    {func(c *Config, v float64) { c.Limits.SamplesPerNode = int(v) }, 1, 1e5, 1},
		"limits.reportBytes":       {func(c *Config, v float64) { c.Limits.ReportBytes = int(v) }, 64, 16 << 20, 1},
		"limits.labelValueBytes":   {func(c *Config, v float64) { c.Limits.LabelValueBytes = int(v) }, 16, 512, 1},
		"limits.reportsPerSecond":  {func(c *Config, v float64) { c.Limits.ReportsPerSecond = v }, 0.001, 1e5, 0.0001},
		"maxConnections":           {func(c *Config, v float64) { c.MaxConnections = int(v); c.MaxScrapes = 1 }, 8, 65536, 1},
		"maxScrapes":               {func(c *Config, v float64) { c.MaxScrapes = int(v); c.MaxConnections = 65536 }, 1, 1000, 1},
		"scrapeTimeout":            {duration(func(c *Config) *Duration { return &c.ScrapeTimeout }), 1, 600, 0.001},
		"writeTimeout":             {duration(func(c *Config) *Duration { return &c.WriteTimeout }), 0.1, 600, 0.001},
		"expectGrace":              {duration(func(c *Config) *Duration { return &c.ExpectGrace }), 0, (7 * day).Seconds(), 0.001},
		"limits.series":            {func(c *Config, v float64) { c.Limits.Series = int(v) }, 0, 1e9, 1},
		"limits.bytes":             {func(c *Config, v float64) { c.Limits.Bytes = int(v) }, 0, 1 << 40, 1},
		"limits.pendingBytes":      {func(c *Config, v float64) { c.Limits.PendingBytes = int(v) }, 0, 1 << 30, 1},
		"limits.newNodesPerMinute": {func(c *Config, v float64) { c.Limits.NewNodesPerMinute = int(v) }, 0, 1e7, 1},
	}
	for _, of := range []struct {
		prefix string
		fields reflect.Type
	}{{"", reflect.TypeFor[Config]()}, {"limits.", reflect.TypeFor[Limits]()}} {
		for i := range of.fields.NumField() {
			f := of.fields.Field(i)
			key := f.Tag.Get("json")
			bounded := f.Type.Kind() == reflect.Int || f.Type.Kind() == reflect.Float64 || f.Type == reflect.TypeFor[Duration]()
			if _, ok := cases[of.prefix+key]; bounded && key != "" && !ok {
				t.Errorf("the bounds of %s%s are not tested", of.prefix, key)
			}
		}
	}
	for path, b := range cases {
		t.Run(path, func(t *testing.T) {
			for _, v := range []float64{b.least, b.most} {
				c := DefaultConfig()
				b.set(&c, v)
				if err := c.Validate(); err != nil {
					t.Errorf("%v: %v", v, err)
				}
			}
			for _, v := range []float64{b.least - b.step, b.most + b.step, -1} {
				c := DefaultConfig()
				b.set(&c, v)
				wantWrong(t, c, path, "must be from")
			}
		})
	}
	c := DefaultConfig()
	c.Limits.ReportsPerSecond = math.NaN()
	wantWrong(t, c, "limits.reportsPerSecond", "NaN")
}

func TestValidate(t *testing.T) {
	for name, x := range map[string]struct {
		set        func(*Config)
		path, says string // "" : valid
	}{
		"no listener":            {func(c *Config) { c.BindAddress = "" }, "", ""},
		"IPv6":                   {func(c *Config) { c.BindAddress = "[::1]:0" }, "", ""},
		"no port":                {func(c *Config) { c.BindAddress = "localhost" }, "bindAddress", `"localhost"`},
		"port beyond":            {func(c *Config) { c.BindAddress = "localhost:65536" }, "bindAddress", "65535"},
		"port below":             {func(c *Config) { c.BindAddress = "localhost:-1" }, "bindAddress", "65535"},
		"port by name":           {func(c *Config) { c.BindAddress = "localhost:http" }, "bindAddress", "65535"},
		"a URL":                  {func(c *Config) { c.BindAddress = "http://localhost" }, "bindAddress", "65535"},
		"too few connections":    {func(c *Config) { c.MaxConnections = 7 }, "maxConnections", "from 8 to 65536"},
		"too many connections":   {func(c *Config) { c.MaxConnections = 65_537 }, "maxConnections", "from 8 to 65536"},
		"no scrape at all":       {func(c *Config) { c.MaxScrapes = 0 }, "maxScrapes", "from 1 to 1000"},
		"too many scrapes":       {func(c *Config) { c.MaxScrapes = 1001 }, "maxScrapes", "from 1 to 1000"},
		"scrapes too short":      {func(c *Config) { c.ScrapeTimeout.Duration = time.Second - 1 }, "scrapeTimeout", "from 1s"},
		"scrapes too long":       {func(c *Config) { c.ScrapeTimeout.Duration = 10*time.Minute + 1 }, "scrapeTimeout", "to 10m0s"},
		"writes too short":       {func(c *Config) { c.WriteTimeout.Duration = time.Millisecond }, "writeTimeout", "from 100ms"},
		"writes too long":        {func(c *Config) { c.WriteTimeout.Duration = 10*time.Minute + 1 }, "writeTimeout", "to 10m0s"},
		"no name of a host":      {func(c *Config) { c.BindAddress = "local host:10005" }, "bindAddress", "the host must be"},
		"a zone":                 {func(c *Config) { c.BindAddress = "[fe80::1%eth0]:10005" }, "", ""},
		"a name":                 {func(c *Config) { c.BindAddress = "cloud-core_1.example.com:1" }, "", ""},
		"a folder as web config": {func(c *Config) { c.WebConfigFile = "/etc/" }, "webConfigFile", "the path of a file"},
		"NUL in a path":          {func(c *Config) { c.MappingFile = "/etc/a\x00b" }, "mappingFile", "the path of a file"},
		"a space after a path":   {func(c *Config) { c.MappingFile = "/etc/a " }, "mappingFile", `"/etc/a "`},
		"a topic twice":          {func(c *Config) { c.Topics = []string{"a/user/b", "c/user/d", "a/user/b"} }, "topics[2]", "is topics[0] already"},
		"an override twice": {func(c *Config) {
			c.NodeTTLOverrides = []TTLOverride{{"a", c.NodeTTL}, {"b", c.NodeTTL}, {"a", c.NodeTTL}}
		}, "nodeTTLOverrides[2].nodes", "is that of nodeTTLOverrides[0] already"},
		"many overrides":              {func(c *Config) { c.NodeTTLOverrides = overrides(1000) }, "", ""},
		"too many overrides":          {func(c *Config) { c.NodeTTLOverrides = overrides(1001) }, "nodeTTLOverrides", "1001, there may be at most 1000"},
		"no topics":                   {func(c *Config) { c.Topics = nil }, "topics", "at least one"},
		"empty topic":                 {func(c *Config) { c.Topics = []string{"a/user/b", ""} }, "topics[1]", `""`},
		"wildcard +":                  {func(c *Config) { c.Topics = []string{"+/user/b"} }, "topics[0]", "wildcard"},
		"wildcard #":                  {func(c *Config) { c.Topics = []string{"a/user/#"} }, "topics[0]", "wildcard"},
		"leading slash":               {func(c *Config) { c.Topics = []string{"/a"} }, "topics[0]", "slash"},
		"a space before a topic":      {func(c *Config) { c.Topics = []string{"a", " b"} }, "topics[1]", `" b", must be a topic without space`},
		"a line feed in a topic":      {func(c *Config) { c.Topics = []string{"a\nb"} }, "topics[0]", `"a\nb", must be`},
		"NUL in a topic":              {func(c *Config) { c.Topics = []string{"a\x00b"} }, "topics[0]", `"a\x00b", must be`},
		"a space within a topic":      {func(c *Config) { c.Topics = []string{"a b/c"} }, "", ""},
		"a very long identity":        {func(c *Config) { c.Identity = strings.Repeat("v", 5000) }, "identity", `"` + strings.Repeat("v", 199) + "…, must be session"},
		"identity":                    {func(c *Config) { c.Identity = "both" }, "identity", "session or payload"},
		"payload":                     {func(c *Config) { c.Identity, c.NodeNameField = "payload", "node" }, "", ""},
		"payload without field":       {func(c *Config) { c.Identity = "payload" }, "nodeNameField", "must be given"},
		"session with field":          {func(c *Config) { c.NodeNameField = "meta.node" }, "", ""},
		"field is no path":            {func(c *Config) { c.NodeNameField = "nodes[]." }, "nodeNameField", `"nodes[]."`},
		"override without a pattern":  {func(c *Config) { c.NodeTTLOverrides = []TTLOverride{{TTL: c.NodeTTL}} }, "nodeTTLOverrides[0].nodes", `""`},
		"override of a broken one":    {func(c *Config) { c.NodeTTLOverrides = []TTLOverride{{"a[", c.NodeTTL}} }, "nodeTTLOverrides[0].nodes", `"a["`},
		"retention shorter than TTL":  {func(c *Config) { c.Retention.Duration = c.NodeTTL.Duration - 1 }, "retention", "nodeTTL, 3m0s"},
		"retention as long as TTL":    {func(c *Config) { c.Retention = c.NodeTTL }, "", ""},
		"disabled ones are valid too": {func(c *Config) { c.Enable = false }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := DefaultConfig()
			x.set(&c)
			if x.path != "" {
				wantWrong(t, c, x.path, x.says)
			} else if err := c.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// overrides are n of them.
func overrides(n int) (all []TTLOverride) {
	for i := range n {
		all = append(all, TTLOverride{fmt.Sprintf("factory-%d-*", i), Duration{time.Minute}})
	}
	return all
}

// One error about too many of them is enough.
func TestValidateOfManyOverrides(t *testing.T) {
	c := DefaultConfig()
	c.NodeTTLOverrides = overrides(1001)
	for i := range c.NodeTTLOverrides {
		c.NodeTTLOverrides[i].TTL.Duration = 0
	}
	if err := c.Validate(); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("want one line, got\n%v", err)
	}
}

func TestValidateJoinsAll(t *testing.T) {
	c := DefaultConfig()
	c.BindAddress = "nowhere"
	c.NodeTTL.Duration = 0
	c.Limits.Nodes = -1
	for _, path := range []string{"bindAddress", "nodeTTL", "limits.nodes"} {
		wantWrong(t, c, path, "must be")
	}
	if _, err := New(c); err == nil || err.Error() != c.Validate().Error() {
		t.Errorf("New: %v, want what Validate says", err)
	}
	if _, err := Register(c); err == nil {
		t.Error("Register takes a config that is not valid")
	}
}

// wantWrong wants one line of Validate to name the path and say something.
func wantWrong(t *testing.T, c Config, path, says string) {
	t.Helper()
	err := c.Validate()
	if err == nil {
		t.Errorf("valid, want an error about %s", path)
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if strings.HasPrefix(line, "modules.nodeMetrics."+path+": ") && strings.Contains(line, says) {
			return
		}
	}
	t.Errorf("got %q, want one on %s that says %q", err, path, says)
}
