package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// envPrefix makes a variable's name of a flag's: --client-id is
// SYSINFO_REPORTER_CLIENT_ID.
const envPrefix = "SYSINFO_REPORTER_"

// passwordEnv holds the password where no file does. There is no flag for it:
// every user of a machine sees every process' flags.
const passwordEnv = envPrefix + "PASSWORD"

// random is how a negative start offset is written.
const random = "random"

type options struct {
	broker, topic, clientID, username, passwordFile            string
	password                                                   string // of the environment
	qos                                                        uint
	timeout                                                    time.Duration
	backoff                                                    backoff
	tlsCAFile, tlsCertFile, tlsKeyFile, tlsServerName          string
	tlsInsecureSkipVerify                                      bool
	interval, startOffset                                      time.Duration
	hostRoot, procPath, sysPath                                string
	mountpointsExclude, fsTypesExclude, disksExclude, netsExcl pattern
	edgecoreVersion, edgecorePath                              string
	customDir                                                  string
	customMaxAge                                               time.Duration
	once, version                                              bool
	output                                                     string
}

// flags declares every option with its default.
func (o *options) flags() *flag.FlagSet {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "edge"
	}
	f := flag.NewFlagSet("sysinfo-reporter", flag.ContinueOnError)
	f.StringVar(&o.broker, "broker", "tcp://127.0.0.1:1883", "edgecore's MQTT broker: tcp, ssl or unix `URL`")
	f.StringVar(&o.topic, "topic", "default/user/sysinfo", "`topic` to publish to; edgecore forwards <any>/user/<any> without a Rule")
	f.StringVar(&o.clientID, "client-id", "sysinfo-reporter-"+hostname, "MQTT client `id`, unique on the broker")
	f.UintVar(&o.qos, "qos", 1, "quality of service, 0 or 1: with 1 the broker acknowledges each report")
	f.StringVar(&o.username, "username", "", "MQTT `user`")
	f.StringVar(&o.passwordFile, "password-file", "", "`file` with the MQTT password; else the environment's "+passwordEnv)
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long the broker may take to answer")
	f.DurationVar(&o.backoff.first, "backoff", time.Second, "wait before the second attempt to connect, doubled with every further one; the real wait is random from half of that up")
	f.DurationVar(&o.backoff.limit, "max-backoff", time.Minute, "longest wait between attempts to connect")
	f.StringVar(&o.tlsCAFile, "tls-ca-file", "", "`file` with the certificates that may have signed the broker's; empty: the system's")
	f.StringVar(&o.tlsCertFile, "tls-cert-file", "", "`file` with the client's certificate")
	f.StringVar(&o.tlsKeyFile, "tls-key-file", "", "`file` with the client's key")
	f.StringVar(&o.tlsServerName, "tls-server-name", "", "`name` to expect in the broker's certificate; empty: the URL's host")
	f.BoolVar(&o.tlsInsecureSkipVerify, "tls-insecure-skip-verify", false, "accept any certificate of the broker's")
	f.DurationVar(&o.interval, "interval", time.Minute, "time between reports, declared in each")
	o.startOffset = -1
	f.Var((*offset)(&o.startOffset), "start-offset", "wait before the first report; `"+random+"`: anything below the interval, so that a fleet does not report in step")
	f.StringVar(&o.hostRoot, "host-root", "/", "`folder` where the host's / is found: /host in a container")
	f.StringVar(&o.procPath, "proc-path", "", "`folder` where the host's /proc is found; empty: proc below the host root")
	f.StringVar(&o.sysPath, "sys-path", "", "`folder` where the host's /sys is found; empty: sys below the host root")
	o.mountpointsExclude.declare(f, "mountpoints-exclude", host.DefaultMountpointsExclude, "mount points to leave out")
	o.fsTypesExclude.declare(f, "fs-types-exclude", host.DefaultFSTypesExclude, "file system types to leave out")
	o.disksExclude.declare(f, "disks-exclude", host.DefaultDisksExclude, "disks to leave out")
	o.netsExcl.declare(f, "networks-exclude", host.DefaultNetworksExclude, "network interfaces to leave out")
	f.StringVar(&o.edgecoreVersion, "edgecore-version", "", "`version` of edgecore to report; empty: the one in the binary's build information")
	f.StringVar(&o.edgecorePath, "edgecore-path", "/usr/local/bin/edgecore", "edgecore's `binary`, below the host root")
	f.StringVar(&o.customDir, "custom-dir", "", "`folder` of *.json and *.prom files with values of your own; empty: none")
	f.DurationVar(&o.customMaxAge, "custom-max-age", time.Hour, "leave out custom files not written for so long; 0: however old")
	f.BoolVar(&o.once, "once", false, "make one report and exit")
	f.StringVar(&o.output, "output", "", "write reports to `file`, - for standard output, instead of sending them")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	return f
}

// parseOptions reads the flags, and for those that were not given the
// environment.
func parseOptions(args []string, env func(string) (string, bool), stderr io.Writer) (*options, error) {
	o := &options{}
	f := o.flags()
	f.SetOutput(io.Discard) // errors are returned; help is written below
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(stderr)
			fmt.Fprintf(stderr, "Reads this host and publishes sysInfo reports over MQTT.\nEvery flag can be set as %s<FLAG> in the environment too.\n\n", envPrefix)
			f.PrintDefaults()
		}
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var errs []error
	f.VisitAll(func(g *flag.Flag) {
		value, ok := env(envName(g.Name))
		if !ok || given[g.Name] {
			return
		}
		if err := f.Set(g.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("invalid value %q in %s: %w", value, envName(g.Name), err))
		}
	})
	o.password, _ = env(passwordEnv)
	return o, errors.Join(append(errs, o.validate())...)
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// validate returns an error for every option that is out of its bounds.
func (o *options) validate() error {
	var errs []error
	bad := func(flag string, value any, bound string) {
		errs = append(errs, fmt.Errorf("--%s %v: must be %s", flag, value, bound))
	}
	u, err := url.Parse(o.broker)
	switch {
	case err != nil:
		bad("broker", o.broker, "a URL")
	case u.Scheme == "unix" && u.Path != "":
	case u.Hostname() == "" || brokerPorts[u.Scheme] == "":
		bad("broker", o.broker, "a URL such as tcp://127.0.0.1:1883 or ssl://127.0.0.1:8883")
	case u.User != nil:
		// It would show in the process list and in the log.
		bad("broker", u.Redacted(), "without credentials; they have options of their own")
	}
	if o.topic == "" || len(o.topic) > 256 || strings.ContainsAny(o.topic, "+#\x00") {
		bad("topic", o.topic, "1 to 256 bytes without wildcards")
	}
	if o.clientID == "" {
		bad("client-id", `""`, "an id")
	}
	if o.qos > 1 {
		bad("qos", o.qos, "0 or 1")
	}
	if o.username == "" && o.passwordFile != "" {
		bad("password-file", o.passwordFile, "given together with --username")
	}
	if (o.tlsCertFile == "") != (o.tlsKeyFile == "") {
		bad("tls-cert-file", o.tlsCertFile, "given together with --tls-key-file")
	}
	for _, d := range []struct {
		flag            string
		value, min, max time.Duration
	}{
		{"timeout", o.timeout, 100 * time.Millisecond, 10 * time.Minute},
		{"backoff", o.backoff.first, 10 * time.Millisecond, time.Hour},
		{"max-backoff", o.backoff.limit, o.backoff.first, 24 * time.Hour},
		{"interval", o.interval, 100 * time.Millisecond, 24 * time.Hour},
		{"custom-max-age", o.customMaxAge, 0, 10000 * time.Hour},
	} {
		if d.value < d.min || d.value > d.max {
			bad(d.flag, d.value, fmt.Sprintf("from %v to %v", d.min, d.max))
		}
	}
	return errors.Join(errs...)
}

// readPassword returns the password of the file, else of the environment.
func (o *options) readPassword() (string, error) {
	if o.passwordFile == "" {
		return o.password, nil
	}
	b, err := os.ReadFile(o.passwordFile)
	if err != nil {
		return "", fmt.Errorf("reading --password-file: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// source returns the reader of the host that the options ask for.
func (o *options) source() *report.Source {
	return &report.Source{
		Host: host.New(host.Options{
			RootPath: o.hostRoot, ProcPath: o.procPath, SysPath: o.sysPath,
			MountpointsExclude: o.mountpointsExclude.Regexp, FSTypesExclude: o.fsTypesExclude.Regexp,
			DisksExclude: o.disksExclude.Regexp, NetworksExclude: o.netsExcl.Regexp,
			EdgecoreVersion: o.edgecoreVersion, EdgecorePath: o.edgecorePath,
		}),
		Custom:   &custom.Reader{Dir: o.customDir, MaxAge: o.customMaxAge},
		Interval: o.interval,
	}
}

// pattern is a regular expression as a flag.
type pattern struct{ *regexp.Regexp }

func (p *pattern) declare(f *flag.FlagSet, name, value, usage string) {
	p.Regexp = regexp.MustCompile(value)
	f.Var(p, name, "`pattern` of "+usage)
}

// String implements flag.Value, whose users call it on a zero value too.
func (p *pattern) String() string {
	if p.Regexp == nil {
		return ""
	}
	return p.Regexp.String()
}

// Set implements flag.Value. An empty pattern leaves out nothing, though as an
// expression it matches everything.
func (p *pattern) Set(s string) (err error) {
	if s == "" {
		s = "^$"
	}
	p.Regexp, err = regexp.Compile(s)
	return err
}

// offset is the start offset as a flag.
type offset time.Duration

// String implements flag.Value.
func (o *offset) String() string {
	if *o < 0 {
		return random
	}
	return time.Duration(*o).String()
}

// Set implements flag.Value.
func (o *offset) Set(s string) error {
	if s == random {
		*o = -1
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return err
	}
	if d < 0 || d > 24*time.Hour {
		return errors.New(`must be "random" or from 0s to 24h`)
	}
	*o = offset(d)
	return nil
}
