package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/edge/pkg/report"
	"github.com/edgegauge/edgegauge/pkg/spelling"
)

// envPrefix makes a variable's name of a flag's: --client-id is
// SYSINFO_REPORTER_CLIENT_ID.
const envPrefix = "SYSINFO_REPORTER_"

// passwordEnv holds the password where no file does. There is no flag for it:
// every user of a machine sees every process' flags.
const passwordEnv = envPrefix + "PASSWORD"

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
	unknown                                                    []unknownVariable
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
	durationVar(f, &o.timeout, "timeout", 10*time.Second, "how long the broker may take to answer")
	durationVar(f, &o.backoff.first, "backoff", time.Second, "wait before the second attempt to connect, doubled with every further one; the real wait is random from half of that up")
	durationVar(f, &o.backoff.limit, "max-backoff", time.Minute, "longest wait between attempts to connect")
	f.StringVar(&o.tlsCAFile, "tls-ca-file", "", "`file` with the certificates that may have signed the broker's; empty: the system's")
	f.StringVar(&o.tlsCertFile, "tls-cert-file", "", "`file` with the client's certificate")
	f.StringVar(&o.tlsKeyFile, "tls-key-file", "", "`file` with the client's key")
	f.StringVar(&o.tlsServerName, "tls-server-name", "", "`name` to expect in the broker's certificate; empty: the URL's host")
	f.BoolVar(&o.tlsInsecureSkipVerify, "tls-insecure-skip-verify", false, "accept any certificate of the broker's")
	durationVar(f, &o.interval, "interval", time.Minute, "time between reports, declared in each")
	o.startOffset = -1
	f.Var((*offset)(&o.startOffset), "start-offset", "wait before the first report; `"+random+"`: anything below the interval, so that a fleet does not report in step")
	f.StringVar(&o.hostRoot, "host-root", "/", "`folder` where the host's / is found: /host in a container")
	f.StringVar(&o.procPath, "proc-path", "", "`folder` where the host's /proc is found; empty: proc below the host root")
	f.StringVar(&o.sysPath, "sys-path", "", "`folder` where the host's /sys is found; empty: sys below the host root")
	o.mountpointsExclude.declare(f, "mountpoints-exclude", host.DefaultMountpointsExclude, "DefaultMountpointsExclude", "mount points to leave out")
	o.fsTypesExclude.declare(f, "fs-types-exclude", host.DefaultFSTypesExclude, "DefaultFSTypesExclude", "file system types to leave out")
	o.disksExclude.declare(f, "disks-exclude", host.DefaultDisksExclude, "DefaultDisksExclude", "disks to leave out")
	o.netsExcl.declare(f, "networks-exclude", host.DefaultNetworksExclude, "DefaultNetworksExclude", "network interfaces to leave out")
	f.StringVar(&o.edgecoreVersion, "edgecore-version", "", "`version` of edgecore to report; empty: the one in the binary's build information")
	f.StringVar(&o.edgecorePath, "edgecore-path", "/usr/local/bin/edgecore", "edgecore's `binary`, below the host root")
	f.StringVar(&o.customDir, "custom-dir", "", "`folder` of *.json and *.prom files with values of your own; empty: none")
	durationVar(f, &o.customMaxAge, "custom-max-age", time.Hour, "leave out custom files not written for so long; 0: however old")
	f.BoolVar(&o.once, "once", false, "make one report and exit")
	f.StringVar(&o.output, "output", "", "write reports to `file`, - for standard output, instead of sending them")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	return f
}

// errHelp is the error of parseOptions when help was asked for.
var errHelp = flag.ErrHelp

// parseOptions reads the flags, and for those that were not given the
// environment, which is in the form of os.Environ.
func parseOptions(args, environ []string) (*options, error) {
	o := &options{}
	f := o.flags()
	f.SetOutput(io.Discard) // errors are returned; writeHelp writes the help
	if err := f.Parse(args); err != nil {
		return nil, plainer(err, f)
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: values are written --flag=value", f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	flags := map[string]string{} // by variable
	variables := []string{passwordEnv}
	f.VisitAll(func(g *flag.Flag) {
		flags[envName(g.Name)] = g.Name
		variables = append(variables, envName(g.Name))
	})
	var errs []error
	for _, word := range environ {
		name, value, _ := strings.Cut(word, "=")
		flag, known := flags[name]
		switch {
		case name == passwordEnv:
			o.password = value
		case !strings.HasPrefix(name, envPrefix) || given[flag]:
		case !known:
			o.unknown = append(o.unknown, unknownVariable{name, spelling.Nearest(name, variables)})
		default:
			if err := f.Set(flag, value); err != nil {
				errs = append(errs, fmt.Errorf("invalid value %q in %s: %w", value, name, bound(flag, err)))
			}
		}
	}
	return o, errors.Join(append(errs, o.validate())...)
}

// unknownVariable is a variable of the environment that looks as if it were a
// flag's, and the one that may be meant.
type unknownVariable struct{ name, meant string }

var undefinedFlag = regexp.MustCompile(`^flag provided but not defined: --?(.*)$`)

// errNoValue is what the flag package says of a value that is not of the
// flag's type.
var errNoValue = errors.New("parse error")

var noValue = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): ` + errNoValue.Error() + `$`)

// bound says what the flag takes where the flag package does not.
func bound(flag string, err error) error {
	switch {
	case err.Error() != errNoValue.Error():
		return err
	case flag == "qos":
		return errors.New("must be 0 or 1")
	}
	return errors.New("must be true or false")
}

// plainer says what the flag package says, with the flags as they are written
// here, and which flag may be meant.
func plainer(err error, f *flag.FlagSet) error {
	if m := undefinedFlag.FindStringSubmatch(err.Error()); m != nil {
		names := []string{"help"}
		f.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
		if near := spelling.Nearest(m[1], names); near != "" {
			return fmt.Errorf("unknown flag --%s; did you mean --%s?", m[1], near)
		}
		return fmt.Errorf("unknown flag --%s; --help lists them", m[1])
	}
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("invalid value %s for flag --%s: %w", m[1], m[2], bound(m[2], errNoValue))
	}
	return errors.New(strings.Replace(strings.Replace(err.Error(), "flag -", "flag --", 1), "flag needs an argument: -", "flag needs a value: --", 1))
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
	errs = append(errs, checkBroker(o.broker), checkTopic(o.topic))
	if o.clientID == "" {
		bad("client-id", `""`, "an id")
	}
	if o.qos > 1 {
		bad("qos", o.qos, "0 or 1")
	}
	if o.username == "" && o.passwordFile != "" {
		bad("password-file", o.passwordFile, "given together with --username")
	}
	if o.username == "" && o.password != "" {
		errs = append(errs, fmt.Errorf("%s: must be given together with --username or %s", passwordEnv, envName("username")))
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

// folders returns an error for every folder that the options name and that is
// not there.
func (o *options) folders() error {
	var errs []error
	for _, folder := range []struct{ flag, path string }{
		{"host-root", o.hostRoot}, {"proc-path", o.procPath}, {"sys-path", o.sysPath}, {"custom-dir", o.customDir},
	} {
		if err := checkFolder(folder.path); err != nil {
			errs = append(errs, fmt.Errorf("--%s %s: %w", folder.flag, folder.path, err))
		}
	}
	return errors.Join(errs...)
}

// checkFolder returns an error when there is no such folder. One that does not
// answer, or shows itself to others alone, may be there.
func checkFolder(path string) error {
	if path == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	info, err := ask.One(ctx, &ask.Asker{}, path, func() (fs.FileInfo, error) { return os.Stat(path) })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such folder")
	case err == nil && !info.IsDir():
		return errors.New("is no folder")
	}
	return nil
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
func (o *options) source(leftOut func(error)) *report.Source {
	return &report.Source{
		Host: host.New(host.Options{
			RootPath: o.hostRoot, ProcPath: o.procPath, SysPath: o.sysPath,
			MountpointsExclude: o.mountpointsExclude.Regexp, FSTypesExclude: o.fsTypesExclude.Regexp,
			DisksExclude: o.disksExclude.Regexp, NetworksExclude: o.netsExcl.Regexp,
			EdgecoreVersion: o.edgecoreVersion, EdgecorePath: o.edgecorePath,
		}),
		Custom:   &custom.Reader{Dir: o.customDir, MaxAge: o.customMaxAge},
		Interval: o.interval,
		LeftOut:  leftOut,
	}
}
