package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var update = flag.Bool("update", false, "write the README's table of flags anew")

// environment is the surroundings of a test, in NAME=value words.
func environment(words ...string) []string { return words }

func TestParseOptions(t *testing.T) {
	for name, test := range map[string]struct {
		args, env []string
		want      func(*options) bool // or
		error     string
	}{
		"defaults": {nil, nil, func(o *options) bool {
			return o.broker == "tcp://127.0.0.1:1883" && o.topic == "default/user/sysinfo" && o.interval == time.Minute && o.startOffset < 0 && o.qos == 1
		}, ""},
		"environment":           {nil, []string{"SYSINFO_REPORTER_CLIENT_ID=a", "SYSINFO_REPORTER_INTERVAL=5s"}, func(o *options) bool { return o.clientID == "a" && o.interval == 5*time.Second }, ""},
		"flag over environment": {[]string{"--qos=0"}, []string{"SYSINFO_REPORTER_QOS=1"}, func(o *options) bool { return o.qos == 0 }, ""},
		"empty pattern":         {[]string{"--disks-exclude="}, nil, func(o *options) bool { return !o.disksExclude.MatchString("loop0") }, ""},
		"start at once":         {[]string{"--start-offset=0s"}, nil, func(o *options) bool { return o.startOffset == 0 }, ""},
		"start at random":       {[]string{"--start-offset=random"}, nil, func(o *options) bool { return o.startOffset < 0 }, ""},
		"unix":                  {[]string{"--broker=unix:///run/mosquitto.sock"}, nil, func(o *options) bool { return o.broker != "" }, ""},
		"password":              {[]string{"--username=u"}, []string{"SYSINFO_REPORTER_PASSWORD=p"}, func(o *options) bool { p, _ := o.readPassword(); return p == "p" }, ""},

		"bad environment":  {nil, []string{"SYSINFO_REPORTER_INTERVAL=soon"}, nil, "SYSINFO_REPORTER_INTERVAL"},
		"bad flag":         {[]string{"--nonsense"}, nil, nil, "nonsense"},
		"argument":         {[]string{"x"}, nil, nil, `"x"`},
		"broker":           {[]string{"--broker=127.0.0.1:1883"}, nil, nil, "--broker"},
		"broker scheme":    {[]string{"--broker=http://127.0.0.1"}, nil, nil, "--broker"},
		"broker websocket": {[]string{"--broker=ws://127.0.0.1"}, nil, nil, "--broker"},
		"broker port":      {[]string{"--broker=tcp://:1883"}, nil, nil, "--broker"},
		"broker secret":    {[]string{"--broker=tcp://u:secret@127.0.0.1"}, nil, nil, "credentials"},
		"topic wildcard":   {[]string{"--topic=a/+"}, nil, nil, "--topic"},
		"no client id":     {[]string{"--client-id="}, nil, nil, "--client-id"},
		"qos":              {[]string{"--qos=2"}, nil, nil, "--qos 2: must be 0 or 1"},
		"interval":         {[]string{"--interval=1ms"}, nil, nil, "--interval 1ms: must be from 100ms to 24h0m0s"},
		"timeout":          {[]string{"--timeout=0s"}, nil, nil, "--timeout"},
		"backoff":          {[]string{"--backoff=0s"}, nil, nil, "--backoff"},
		"max backoff":      {[]string{"--max-backoff=100ms"}, nil, nil, "--max-backoff"},
		"key alone":        {[]string{"--tls-key-file=k"}, nil, nil, "--tls-cert-file"},
		"password alone":   {[]string{"--password-file=p"}, nil, nil, "--username"},
		"no user":          {nil, []string{"SYSINFO_REPORTER_PASSWORD=secret"}, nil, "SYSINFO_REPORTER_PASSWORD: must be given together with --username"},
		"start offset":     {[]string{"--start-offset=-1s"}, nil, nil, "start-offset"},
		"custom age":       {[]string{"--custom-max-age=-1s"}, nil, nil, "--custom-max-age"},
		"pattern":          {[]string{"--disks-exclude=("}, nil, nil, "disks-exclude"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parseOptions(test.args, environment(test.env...))
			switch {
			case test.error != "":
				if err == nil || !strings.Contains(err.Error(), test.error) {
					t.Errorf("error %v, want one with %q", err, test.error)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("error tells the password: %v", err)
				}
			case err != nil:
				t.Error(err)
			case !test.want(o):
				t.Errorf("options %+v", o)
			}
		})
	}
	if _, err := parseOptions([]string{"--help"}, environment()); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

// Every option about the host must reach the reader of the host.
func TestSourceTakesOptions(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	for path, content := range map[string]string{
		"a/loadavg":                  "1 2 3 1/2 3\n",
		"b/loadavg":                  "4 5 6 1/2 3\n",
		"proc/loadavg":               "7 8 9 1/2 3\n",
		"proc/diskstats":             "1 1 sda 1 1 1 1 1 1 1 1 1 1 1\n1 1 sdb 1 1 1 1 1 1 1 1 1 1 1\n",
		"proc/net/dev":               "\n\neth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\nlo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n",
		"proc/1/mountinfo":           "1 1 1:1 / / rw - ext4 /dev/sda rw\n1 1 1:1 / /data rw - ext4 /dev/sdb rw\n",
		"data/x":                     "",
		"etc/os-release":             "PRETTY_NAME=Rooted\n",
		"s/class/net/eth0/operstate": "up\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"a":1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a.json"), old, old); err != nil {
		t.Fatal(err)
	}
	names := func(doc *sysinfo.Document) string {
		var s []string
		for _, f := range doc.Filesystems {
			s = append(s, f.Mountpoint+":"+f.FSType)
		}
		for _, d := range doc.Disks {
			s = append(s, d.Device)
		}
		for _, n := range doc.Networks {
			s = append(s, n.Device)
		}
		return strings.Join(s, " ")
	}
	load := func(doc *sysinfo.Document) string { return fmt.Sprint(*doc.CPU.Load1) }
	for name, test := range map[string]struct {
		args []string
		get  func(*sysinfo.Document) string
		want string
	}{
		"default":     {nil, names, "/:ext4 /data:ext4 sda sdb eth0"},
		"mountpoints": {[]string{"--mountpoints-exclude=^/data$"}, names, "/:ext4 sda sdb eth0"},
		"types":       {[]string{"--fs-types-exclude=^ext4$"}, names, "sda sdb eth0"},
		"disks":       {[]string{"--disks-exclude=a$"}, names, "/:ext4 /data:ext4 sdb eth0"},
		"networks":    {[]string{"--networks-exclude="}, names, "/:ext4 /data:ext4 sda sdb eth0 lo"},
		"root":        {nil, func(d *sysinfo.Document) string { return d.Host.OSImage + load(d) }, "Rooted7"},
		"proc":        {[]string{"--proc-path=" + root + "/b"}, load, "4"},
		"no sys":      {nil, func(d *sysinfo.Document) string { return fmt.Sprint(d.Networks[0].Up) }, "<nil>"},
		"sys":         {[]string{"--sys-path=" + root + "/s"}, func(d *sysinfo.Document) string { return fmt.Sprint(*d.Networks[0].Up) }, "true"},
		"version":     {[]string{"--edgecore-version=v7"}, func(d *sysinfo.Document) string { return d.Host.EdgecoreVersion }, "v7"},
		"interval":    {[]string{"--interval=7s"}, func(d *sysinfo.Document) string { return fmt.Sprint(d.IntervalSeconds) }, "7"},
		"no custom":   {nil, func(d *sysinfo.Document) string { return fmt.Sprint(len(d.Custom)) }, "0"},
		"old custom":  {[]string{"--custom-dir=" + dir}, func(d *sysinfo.Document) string { return fmt.Sprint(len(d.Custom)) }, "0"},
		"custom":      {[]string{"--custom-dir=" + dir, "--custom-max-age=3h"}, func(d *sysinfo.Document) string { return fmt.Sprint(len(d.Custom)) }, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" {
				t.Skip("file systems")
			}
			o, err := parseOptions(append([]string{"--host-root=" + root}, test.args...), environment())
			if err != nil {
				t.Fatal(err)
			}
			var errs []error
			doc := o.source(func(err error) { errs = append(errs, err) }).Read(context.Background())
			if got := test.get(doc); got != test.want {
				t.Errorf("got %q, want %q; errors %v", got, test.want, errs)
			}
		})
	}
}

func TestRunOnceOutput(t *testing.T) {
	var out, log bytes.Buffer
	if code := run(context.Background(), []string{"--once", "--output", "-"}, environment(), &out, &log); code != 0 {
		t.Fatalf("exit status %d: %s", code, &log)
	}
	var doc sysinfo.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" && (doc.CPU == nil || doc.CPU.UsageRatio == nil) {
		t.Errorf("no CPU ratio in %s", &out)
	}
	if !strings.Contains(out.String(), "\n  \"") {
		t.Error("not made for people to read")
	}
}

func TestRunOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var log bytes.Buffer
	if code := run(ctx, []string{"--interval=100ms", "--output", path}, environment(), nil, &log); code != 0 {
		t.Fatalf("exit status %d: %s", code, &log)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) < 2 || len(lines) > 11 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestRunExitStatus(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want int
		said string
	}{
		"help":      {[]string{"--help"}, 0, ""},
		"version":   {[]string{"--version"}, 0, ""},
		"option":    {[]string{"--qos=9"}, 2, "--qos"},
		"no file":   {[]string{"--username=u", "--password-file=/nonexistent/p"}, 1, "password-file"},
		"no CA":     {[]string{"--tls-ca-file=/nonexistent/ca"}, 1, "tls-ca-file"},
		"not a CA":  {[]string{"--tls-ca-file=/dev/null"}, 1, "no certificate"},
		"no cert":   {[]string{"--tls-cert-file=/nonexistent/c", "--tls-key-file=/nonexistent/k"}, 1, "tls-cert-file"},
		"no broker": {[]string{"--once", "--broker=tcp://127.0.0.1:1", "--timeout=1s"}, 1, "connecting to the broker"},
		"no folder": {[]string{"--once", "--output=/nonexistent/o"}, 1, "/nonexistent/o"},
		"no root":   {[]string{"--once", "--output=-", "--host-root=/nonexistent/root"}, 2, "--host-root /nonexistent/root: there is no such folder"},
		"no custom": {[]string{"--once", "--output=-", "--custom-dir=/nonexistent/custom"}, 2, "--custom-dir /nonexistent/custom: there is no such folder"},
		"no proc":   {[]string{"--once", "--output=-", "--proc-path=/dev/null"}, 2, "--proc-path /dev/null: is no folder"},
		"no sys":    {[]string{"--once", "--output=-", "--sys-path=/nonexistent"}, 2, "--sys-path"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, log bytes.Buffer
			if code := run(context.Background(), test.args, environment(), &out, &log); code != test.want {
				t.Errorf("exit status %d, want %d: %s", code, test.want, &log)
			}
			if name == "help" {
				if log.Len() > 0 || !strings.Contains(out.String(), "--broker URL") {
					t.Errorf("help %q, said %q", &out, &log)
				}
			} else if !strings.Contains(log.String(), test.said) {
				t.Errorf("said %q, want %q in it", &log, test.said)
			}
		})
	}
}

// The flags in the unit and the DaemonSet are flags that there are.
func TestInstalledFlags(t *testing.T) {
	for path, pattern := range map[string]string{
		"../../systemd/sysinfo-reporter.service":     `(?m)^ExecStart=\S+ (.*)$`,
		"../../../manifests/reporter/daemonset.yaml": `(?m)^ +- (--.*)$`,
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			args = append(args, strings.Fields(m[1])...)
		}
		if len(args) == 0 {
			t.Errorf("%s: no flags", path)
		}
		if _, err := parseOptions(args, environment()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The first report comes after a random part of the interval, or as the flag
// says.
func TestFirstReport(t *testing.T) {
	first := regexp.MustCompile(`firstReportIn=(\S+)`)
	starts := func(args ...string) map[string]bool {
		seen := map[string]bool{}
		for i := 0; i < 4; i++ {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			var log bytes.Buffer
			if code := run(ctx, append(args, "--interval=1h", "--broker=tcp://127.0.0.1:1"), environment(), nil, &log); code != 0 {
				t.Fatalf("exit status %d: %s", code, &log)
			}
			m := first.FindStringSubmatch(log.String())
			if m == nil {
				t.Fatalf("said %s", &log)
			}
			seen[m[1]] = true
		}
		return seen
	}
	if seen := starts(); len(seen) < 3 {
		t.Errorf("random starts %v", seen)
	}
	if seen := starts("--start-offset=7s"); len(seen) != 1 || !seen["7s"] {
		t.Errorf("starts %v, want 7s", seen)
	}
}
