package main

import (
	"bytes"
	"context"
	"flag"
	"strings"
	"syscall"
	"testing"
)

// What is typed wrong is answered with what is right.
func TestWhatIsMeant(t *testing.T) {
	for name, test := range map[string]struct {
		args, env []string
		want      string
	}{
		"seconds":               {[]string{"--interval", "60"}, nil, `invalid value "60" for flag --interval: a duration has a unit; for seconds write 60s`},
		"days":                  {[]string{"--interval=1d"}, nil, "write 24h"},
		"words":                 {[]string{"--timeout=soon"}, nil, "such as 500ms, 30s, 5m or 1h30m"},
		"start":                 {[]string{"--start-offset=5"}, nil, "write 5s (also 500ms, 5m, 1h30m); or the word random"},
		"in a variable":         {nil, []string{"SYSINFO_REPORTER_CUSTOM_MAX_AGE=2d"}, "SYSINFO_REPORTER_CUSTOM_MAX_AGE: a duration has no days; write 48h"},
		"typo":                  {[]string{"--intervall=60s"}, nil, "unknown flag --intervall; did you mean --interval?"},
		"swapped":               {[]string{"--tiemout=60s"}, nil, "did you mean --timeout?"},
		"underscores":           {[]string{"--client_id=x"}, nil, "did you mean --client-id?"},
		"one dash":              {[]string{"-borker=x"}, nil, "did you mean --broker?"},
		"nothing like it":       {[]string{"--frobnicate"}, nil, "unknown flag --frobnicate; --help lists them"},
		"no bool":               {[]string{"--once=yes"}, nil, `invalid value "yes" for flag --once: must be true or false`},
		"no bool in a variable": {nil, []string{"SYSINFO_REPORTER_ONCE=yes"}, `invalid value "yes" in SYSINFO_REPORTER_ONCE: must be true or false`},
		"no number":             {[]string{"--qos=x"}, nil, `invalid value "x" for flag --qos: must be 0 or 1`},
		"no value":              {[]string{"--interval"}, nil, "flag needs a value: --interval"},
		"host and port":         {[]string{"--broker=127.0.0.1:1883"}, nil, "write --broker=tcp://127.0.0.1:1883"},
		"name and port":         {[]string{"--broker=localhost:1883"}, nil, "write --broker=tcp://localhost:1883"},
		"host alone":            {[]string{"--broker=192.168.1.7"}, nil, "write --broker=tcp://192.168.1.7:1883"},
		"IPv6":                  {[]string{"--broker=[::1]:1884"}, nil, "write --broker=tcp://[::1]:1884"},
		"IPv6 alone":            {[]string{"--broker=::1"}, nil, "write --broker=tcp://[::1]:1883"},
		"TLS port":              {[]string{"--broker=broker.test:8883"}, nil, "write --broker=ssl://broker.test:8883"},
		"socket":                {[]string{"--broker=/run/mosquitto.sock"}, nil, "write --broker=unix:///run/mosquitto.sock"},
		"another scheme":        {[]string{"--broker=http://10.0.0.1:1883"}, nil, "write --broker=tcp://10.0.0.1:1883"},
		"half a scheme":         {[]string{"--broker=tcp:/10.0.0.1:1883"}, nil, "write --broker=tcp://10.0.0.1:1883"},
		"no slashes":            {[]string{"--broker=ssl:10.0.0.1:8884"}, nil, "write --broker=ssl://10.0.0.1:8884"},
		"no colon":              {[]string{"--broker=tcp//10.0.0.1"}, nil, "write --broker=tcp://10.0.0.1"},
		"a host mqtt":           {[]string{"--broker=mqtt:1883"}, nil, "write --broker=tcp://mqtt:1883"},
		"port alone":            {[]string{"--broker=1884"}, nil, "write --broker=tcp://127.0.0.1:1884"},
		"blank before":          {[]string{"--broker= tcp://10.0.0.1:1883"}, nil, "write --broker=tcp://10.0.0.1:1883"},
		"half a socket":         {[]string{"--broker=unix:/run/mosquitto.sock"}, nil, "write --broker=unix:///run/mosquitto.sock"},
		"bare credentials":      {[]string{"--broker=u:hidden@10.0.0.1:1883"}, nil, "write --broker=tcp://10.0.0.1:1883"},
		"odd credentials":       {[]string{"--broker=tcp://u:hidden%@10.0.0.1:1883"}, nil, "--broker 10.0.0.1:1883: is no URL"},
		"beginning of a flag":   {[]string{"--user=x"}, nil, "did you mean --username?"},
		"beginning of another":  {[]string{"--host=x"}, nil, "did you mean --host-root?"},
		"credentials":           {[]string{"--broker=tcp://u:hidden@10.0.0.1:1883"}, nil, "write --broker=tcp://10.0.0.1:1883"},
		"bare topic":            {[]string{"--topic=monitor"}, nil, `--topic "monitor": must be of the form <any>/user/<any>, such as default/user/monitor`},
		"system topic":          {[]string{"--topic=$SYS/broker/x"}, nil, "such as default/user/sysinfo"},
		"user at the front":     {[]string{"--topic=user/sysinfo"}, nil, "such as default/user/sysinfo"},
		"no name":               {[]string{"--topic=default/user/"}, nil, "of the form <any>/user/<any>"},
		"dollar":                {[]string{"--topic=$x/user/y"}, nil, "of the form <any>/user/<any>"},
		"stray word":            {[]string{"--once", "true"}, nil, `unexpected argument "true": values are written --flag=value`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(test.args, test.env)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestTopicsThatEdgecoreForwards(t *testing.T) {
	for _, topic := range []string{"default/user/sysinfo", "a/user/b/c", "SYS/dis/upload_records", "$hw/events/upload/x"} {
		if err := checkTopic(topic); err != nil {
			t.Error(err)
		}
	}
}

// A variable that looks as if it were a flag's is named, and the report goes
// out all the same.
func TestUnknownVariable(t *testing.T) {
	var out, log bytes.Buffer
	environ := environment("SYSINFO_REPORTER_INTERVALL=60s", "SYSINFO_REPORTER_SERVICE_HOST=10.0.0.1", "OTHER=1")
	if code := run(context.Background(), []string{"--once", "--output=-"}, environ, &out, &log); code != 0 {
		t.Fatalf("exit status %d: %s", code, &log)
	}
	for _, want := range []string{"name=SYSINFO_REPORTER_INTERVALL didYouMean=SYSINFO_REPORTER_INTERVAL\n", "name=SYSINFO_REPORTER_SERVICE_HOST "} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("said %s, want %q", &log, want)
		}
	}
	if strings.Contains(log.String(), "OTHER") {
		t.Errorf("said %s", &log)
	}
}

// The help has every flag once, and no pattern longer than a line.
// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestOutputIsWritten: what could not be written is no success.
func TestOutputIsWritten(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"--version"}, {"--once", "--output=-"}} {
		var log bytes.Buffer
		if code := run(context.Background(), args, environment(), fullDisk{}, &log); code != 1 || !strings.Contains(log.String(), "no space left on device") {
			t.Errorf("%q on a full disk: exit %d, and %q", args, code, &log)
		}
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	flags := (&options{}).flags()
	writeHelp(&out, flags)
	flags.VisitAll(func(f *flag.Flag) {
		if n := strings.Count(out.String(), "\n  --"+f.Name+" ") + strings.Count(out.String(), "\n  --"+f.Name+"\n"); n != 1 {
			t.Errorf("--%s is there %d times", f.Name, n)
		}
	})
	for _, line := range strings.Split(out.String(), "\n") {
		if len(line) > 180 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	for _, want := range []string{"Where to send:\n", "(default DefaultDisksExclude)", "--interval duration", "--qos 0|1", "--once\n", "(default tcp://127.0.0.1:1883)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// Flags for TLS that have no effect leave the password for all to read.
func TestUnusedTLS(t *testing.T) {
	for _, test := range []struct{ broker, want string }{
		{"tcp://127.0.0.1:1", "[--tls-server-name --tls-insecure-skip-verify]"}, {"ssl://127.0.0.1:1", ""}, {"mqtts://127.0.0.1:1", ""},
	} {
		var out, log bytes.Buffer
		run(context.Background(), []string{"--once", "--timeout=100ms", "--broker=" + test.broker, "--tls-server-name=x", "--tls-insecure-skip-verify"}, environment(), &out, &log)
		if got := strings.Contains(log.String(), "not encrypted"); got != (test.want != "") || !strings.Contains(log.String(), test.want) {
			t.Errorf("%s: %s", test.broker, &log)
		}
	}
}
