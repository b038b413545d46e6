//go:build debian

// The tests here run the built binary against real programs from Debian:
// edge/test.sh builds the one and installs the others.

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// binary returns the built reporter for an architecture.
func binary(t *testing.T, arch string) string {
	t.Helper()
	path := filepath.Join(os.Getenv("REPORTER_BINARIES"), "sysinfo-reporter-linux-"+arch)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no reporter built (edge/test.sh does): %v", err)
	}
	return path
}

// native is the architecture of this machine in the builds' words.
func native(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	arch := strings.TrimSpace(string(out))
	if arch == "arm" {
		arch = "armv7"
	}
	return arch
}

// process is a started program, ended with the test.
type process struct {
	*exec.Cmd
	log  bytes.Buffer
	once sync.Once
}

func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, args...)}
	p.Stdout, p.Stderr = &p.log, &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), &p.log)
		}
	})
	return p
}

// end ends the process and waits until it is gone.
func (p *process) end(signal os.Signal) {
	p.once.Do(func() {
		_ = p.Process.Signal(signal)
		_ = p.Wait()
	})
}

// freePort returns a port of the loopback interface that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// mosquitto starts a broker and waits until it listens.
func mosquitto(t *testing.T, port, config string) *process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mosquitto.conf")
	// As root it would become another user, who cannot read the test's files.
	config = fmt.Sprintf("user root\nlistener %s 127.0.0.1\n%s\n", port, config)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "mosquitto", "-c", path)
	eventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return p
}

// inbox is what a subscriber got.
type inbox struct {
	mu      sync.Mutex
	reports []sysinfo.Document
	at      []time.Time
	size    int // of the newest
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.reports)
}

// subscribe collects the reports on the topic, which is the stock one.
func subscribe(t *testing.T, options *paho.ClientOptions) *inbox {
	t.Helper()
	b := &inbox{}
	c := paho.NewClient(options.SetClientID(fmt.Sprintf("test-%p", b)).SetAutoReconnect(false))
	if token := c.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("connecting the subscriber: %v", token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	token := c.Subscribe("default/user/sysinfo", 1, func(_ paho.Client, m paho.Message) {
		var doc sysinfo.Document
		if err := json.Unmarshal(m.Payload(), &doc); err != nil {
			t.Errorf("not a report: %v", err)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reports = append(b.reports, doc)
		b.at = append(b.at, time.Now())
		b.size = len(m.Payload())
	})
	if !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("subscribing: %v", token.Error())
	}
	return b
}

// quick makes the reporter report in time lapse.
func quick(port string, more ...string) []string {
	return append([]string{
		"--broker=tcp://127.0.0.1:" + port, "--interval=200ms", "--start-offset=0s",
		"--timeout=500ms", "--backoff=50ms", "--max-backoff=200ms",
	}, more...)
}

func TestBrokerOutage(t *testing.T) {
	port := freePort(t)
	reporter := start(t, binary(t, native(t)), quick(port)...) // before there is a broker
	broker := mosquitto(t, port, "allow_anonymous true")
	address := "tcp://127.0.0.1:" + port
	before := subscribe(t, paho.NewClientOptions().AddBroker(address))
	eventually(t, "reports arrive", func() bool { return before.len() >= 3 })

	broker.end(syscall.SIGTERM)
	wait(context.Background(), 2*time.Second) // ten reports come and go
	back := time.Now()
	mosquitto(t, port, "allow_anonymous true")
	after := subscribe(t, paho.NewClientOptions().AddBroker(address))
	eventually(t, "reports arrive again", func() bool { return after.len() >= 5 })

	reporter.end(syscall.SIGTERM)
	if code := reporter.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d when told to stop", code)
	}
	after.mu.Lock()
	defer after.mu.Unlock()
	last := 0.0
	for i, doc := range after.reports {
		// One report may have waited in the slot, for less than an interval.
		if age := float64(back.UnixMilli())/1000 - doc.Timestamp; age > 1 {
			t.Errorf("report %d after the outage is %.1f s from before its end", i, age)
		}
		if doc.Timestamp <= last {
			t.Errorf("report %d is not newer than the one before", i)
		}
		last = doc.Timestamp
	}
	// Once before there was a broker, unless it was the quicker one, and once after.
	if n := strings.Count(reporter.log.String(), "No connection"); n < 1 || n > 2 {
		t.Errorf("said %d times that there is no connection, want 1 or 2:\n%s", n, &reporter.log)
	}
}

// The recipe of docs/mapping.md to capture messages, as it stands there.
func TestCaptureRecipe(t *testing.T) {
	text, err := os.ReadFile("../../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, recipe, _ := strings.Cut(string(text), "<!-- steps: capture -->\n```sh\n")
	recipe, _, ok := strings.Cut(recipe, "```\n<!-- end -->")
	if !ok {
		t.Fatal("docs/mapping.md has no steps: capture")
	}
	port := freePort(t)
	mosquitto(t, port, "allow_anonymous true")
	// The test's broker has a port of its own.
	recipe = strings.Replace(recipe, "-h 127.0.0.1", "-h 127.0.0.1 -p "+port, 1)
	start(t, binary(t, native(t)), quick(port)...)
	captured := exec.Command("bash", "-euc", recipe)
	captured.Dir = t.TempDir()
	if out, err := captured.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", recipe, err, out)
	}
	messages, err := os.ReadFile(filepath.Join(captured.Dir, "messages.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(messages)), "\n")
	if len(lines) != 3 {
		t.Errorf("%d messages, want 3:\n%s", len(lines), messages)
	}
	for _, line := range lines {
		var message struct {
			Route   struct{ Resource string }
			Content sysinfo.Document
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil || message.Route.Resource != "node/edge-1/default/user/sysinfo" || message.Content.CPU == nil {
			t.Errorf("captured was %s: %v", line, err)
		}
	}
}

// A broker that holds the connection and answers nothing is an outage too.
func TestBrokerHangs(t *testing.T) {
	port := freePort(t)
	broker := mosquitto(t, port, "allow_anonymous true")
	got := subscribe(t, paho.NewClientOptions().AddBroker("tcp://127.0.0.1:"+port))
	reporter := start(t, binary(t, native(t)), quick(port)...)
	eventually(t, "reports arrive", func() bool { return got.len() >= 2 })
	if err := broker.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	wait(context.Background(), 3*time.Second)
	if err := broker.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	resumed := time.Now()
	n := got.len()
	eventually(t, "reports arrive again", func() bool { return got.len() >= n+5 })
	reporter.end(syscall.SIGTERM)
	got.mu.Lock()
	defer got.mu.Unlock()
	past := 0
	for i, doc := range got.reports {
		if got.at[i].After(resumed) && doc.Timestamp < float64(resumed.UnixMilli())/1000-0.5 {
			past++
		}
	}
	// What was on its way when the broker froze is in the kernel's buffers.
	if past > 2 {
		t.Errorf("%d reports of the past after the broker came to itself", past)
	}
}

// certificates writes a CA, a broker's and a client's certificate.
func certificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := newKey()
	put := func(name, kind string, der []byte) {
		b := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issue := func(name string, template *x509.Certificate, key *ecdsa.PrivateKey) {
		der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
		if err != nil {
			t.Fatal(err)
		}
		put(name+".crt", "CERTIFICATE", der)
		keyDER, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		put(name+".key", "EC PRIVATE KEY", keyDER)
	}
	issue("ca", ca, caKey)
	for i, name := range []string{"broker", "client"} {
		issue(name, &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)), Subject: pkix.Name{CommonName: name},
			NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, DNSNames: []string{name + ".test"},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}, newKey())
	}
	return dir
}

func TestTLSAndCredentials(t *testing.T) {
	dir := certificates(t)
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", passwords, "edge", "secret").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secured, plain := freePort(t), freePort(t)
	mosquitto(t, plain, fmt.Sprintf(`allow_anonymous false
password_file %[1]s/passwords
listener %[2]s 127.0.0.1
cafile %[1]s/ca.crt
certfile %[1]s/broker.crt
keyfile %[1]s/broker.key
require_certificate true`, dir, secured))
	got := subscribe(t, paho.NewClientOptions().AddBroker("tcp://127.0.0.1:"+plain).SetUsername("edge").SetPassword("secret"))
	all := map[string]string{
		"broker": "ssl://127.0.0.1:" + secured, "tls-ca-file": dir + "/ca.crt", "tls-server-name": "broker.test",
		"tls-cert-file": dir + "/client.crt", "tls-key-file": dir + "/client.key",
		"username": "edge", "password-file": file, "qos": "1",
	}
	for name, test := range map[string]struct {
		change map[string]string
		env    string
		advice string // of an error
	}{
		"everything":            {nil, "", ""},
		"QoS 0":                 {map[string]string{"qos": "0"}, "", ""},
		"unverified":            {map[string]string{"tls-ca-file": "", "tls-server-name": "", "tls-insecure-skip-verify": "true"}, "", ""},
		"password in the env":   {map[string]string{"password-file": ""}, passwordEnv + "=secret", ""},
		"wrong password":        {map[string]string{"password-file": ""}, passwordEnv + "=wrong", "--username (edge)"},
		"no password":           {map[string]string{"password-file": "", "username": ""}, "", "the broker wants credentials: give --username"},
		"another CA":            {map[string]string{"tls-ca-file": dir + "/client.crt"}, "", "--tls-ca-file"},
		"another server name":   {map[string]string{"tls-server-name": "other.test"}, "", "--tls-server-name=broker.test"},
		"no server name":        {map[string]string{"tls-server-name": ""}, "", "--tls-server-name"},
		"no client certificate": {map[string]string{"tls-cert-file": "", "tls-key-file": ""}, "", "--tls-cert-file and --tls-key-file"},
		"TLS to a plain port":   {map[string]string{"broker": "ssl://127.0.0.1:" + plain}, "", "write --broker=tcp://127.0.0.1:" + plain},
		"plain to a TLS port":   {map[string]string{"broker": "tcp://127.0.0.1:" + secured}, "", "--broker=ssl://127.0.0.1:" + secured},
		"nobody there":          {map[string]string{"broker": "tcp://127.0.0.1:" + freePort(t)}, "", "nobody listens there"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"--once", "--timeout=2s", "--client-id=under-test"}
			for flag, value := range all {
				if changed, ok := test.change[flag]; ok {
					value = changed
				}
				args = append(args, "--"+flag+"="+value)
			}
			for flag, value := range test.change {
				if _, known := all[flag]; !known {
					args = append(args, "--"+flag+"="+value)
				}
			}
			before := got.len()
			cmd := exec.Command(binary(t, native(t)), args...)
			cmd.Env = append(os.Environ(), test.env)
			out, err := cmd.CombinedOutput()
			ok := test.advice == ""
			if (err == nil) != ok {
				t.Fatalf("error %v, want success: %v\n%s", err, ok, out)
			}
			if !strings.Contains(string(out), test.advice) {
				t.Errorf("said %s, want %q", out, test.advice)
			}
			if ok {
				if want := regexp.MustCompile(`Sent one report.* topic=default/user/sysinfo bytes=\d+ `); !want.Match(out) {
					t.Errorf("said %s, want %s", out, want)
				}
				eventually(t, "the report arrives", func() bool { return got.len() == before+1 })
			}
		})
	}
}

// A reporter of another processor reads this machine like the native one.
func TestArchitectures(t *testing.T) {
	for arch, test := range map[string]struct{ emulator, goarch string }{
		"amd64": {"", "amd64"},
		"arm64": {"qemu-aarch64", "arm64"},
		"armv7": {"qemu-arm", "arm"},
		"armv6": {"qemu-arm -cpu arm1176", "arm"}, // a Pi Zero's, which has nothing of version 7
	} {
		t.Run(arch, func(t *testing.T) {
			args := []string{binary(t, arch), "--once", "--output=-"}
			switch {
			case arch == native(t):
			case test.emulator == "":
				t.Skip("no emulator of it is installed")
			default:
				args = append(strings.Fields(test.emulator), args...)
			}
			cmd := exec.Command(args[0], args[1:]...)
			var log bytes.Buffer
			cmd.Stderr = &log
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &log)
			}
			var doc sysinfo.Document
			if err := json.Unmarshal(out, &doc); err != nil {
				t.Fatal(err)
			}
			if doc.Host.Arch != test.goarch || doc.CPU == nil || doc.CPU.UsageRatio == nil || doc.Memory == nil || len(doc.Filesystems) == 0 {
				t.Errorf("report %s\n%s", out, &log)
			}
		})
	}
}

// Another user than root reads the same.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the other tests run unprivileged already")
	}
	// The build folder is root's alone.
	program := filepath.Join("/tmp", fmt.Sprintf("sysinfo-reporter-test-%d", os.Getpid()))
	b, err := os.ReadFile(binary(t, native(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, b, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(program)
	read := func(id uint32) sysinfo.Document {
		cmd := exec.Command(program, "--once", "--output=-")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
		var log bytes.Buffer
		cmd.Stderr = &log
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, &log)
		}
		var doc sysinfo.Document
		if err := json.Unmarshal(out, &doc); err != nil {
			t.Fatal(err)
		}
		return doc
	}
	root, nobody := read(0), read(65534)
	if nobody.CPU == nil || nobody.Memory == nil || nobody.Processes == nil ||
		len(nobody.Filesystems) != len(root.Filesystems) || len(nobody.Disks) != len(root.Disks) || len(nobody.Networks) != len(root.Networks) {
		t.Errorf("as nobody: %+v\nas root: %+v", nobody, root)
	}
}

// In a container like the DaemonSet's the reporter sees the host: another root
// with the host's below /host, and another user.
func TestInContainer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("making a container takes root")
	}
	root, err := os.MkdirTemp("/tmp", "sysinfo-reporter-root-")
	if err != nil {
		t.Fatal(err)
	}
	// The mount below is gone with its namespace; were it not, RemoveAll would
	// remove this machine's files.
	defer func() {
		for _, path := range []string{"host", "sysinfo-reporter", ""} {
			if err := os.Remove(filepath.Join(root, path)); err != nil {
				t.Error(err)
			}
		}
	}()
	if err := os.Mkdir(filepath.Join(root, "host"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(binary(t, native(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "sysinfo-reporter"), b, 0o755); err != nil {
		t.Fatal(err)
	}
	const script = `mount --rbind / "$0/host" && mount -o remount,bind,ro "$0/host" &&
		exec chroot --userspec=65534:65534 "$0" /sysinfo-reporter --host-root=/host --once --output=-`
	var log bytes.Buffer
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, root)
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	var inside, outside sysinfo.Document
	if err := json.Unmarshal(out, &inside); err != nil {
		t.Fatal(err)
	}
	if out, err = exec.Command(binary(t, native(t)), "--once", "--output=-").Output(); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &outside); err != nil {
		t.Fatal(err)
	}
	sight := func(d sysinfo.Document) string {
		s := fmt.Sprint(d.Host.OSImage, " ", d.Host.Kernel, " ", *d.CPU.Count, " ", *d.Memory.TotalBytes)
		for _, f := range d.Filesystems {
			s += fmt.Sprint(" ", f.Device, f.Mountpoint, f.FSType, *f.SizeBytes)
		}
		for _, f := range d.Disks {
			s += " " + f.Device
		}
		for _, n := range d.Networks {
			s += fmt.Sprint(" ", n.Device, *n.Up)
		}
		if d.Containers != nil {
			s += fmt.Sprint(" ", *d.Containers.Running)
		}
		return s
	}
	if in, out := sight(inside), sight(outside); in != out {
		t.Errorf("inside:  %s\noutside: %s\n%s", in, out, &log)
	}
}

// page is a scrape of node_exporter: series to value.
type page map[string]float64

func scrape(t *testing.T, url string) page {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := page{}
	for _, line := range strings.Split(string(b), "\n") {
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		p[line[:at]] = value
	}
	return p
}

// sum adds up the series that begin with prefix and contain part.
func (p page) sum(prefix, part string) (sum float64, n int) {
	for series, value := range p {
		if strings.HasPrefix(series, prefix) && strings.Contains(series, part) {
			sum += value
			n++
		}
	}
	return sum, n
}

// The reporter says what node_exporter says. It reads between two scrapes, so
// a counter must lie between theirs; a gauge must be near one of them.
func TestAgainstNodeExporter(t *testing.T) {
	port := freePort(t)
	start(t, "prometheus-node-exporter", "--web.listen-address=127.0.0.1:"+port, "--collector.processes",
		"--web.disable-exporter-metrics", "--log.level=error")
	url := "http://127.0.0.1:" + port + "/metrics"
	eventually(t, "node_exporter listens", func() bool {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	before := scrape(t, url)
	out, err := exec.Command(binary(t, native(t)), "--once", "--output=-").Output()
	if err != nil {
		t.Fatal(err)
	}
	after := scrape(t, url)
	var doc sysinfo.Document
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	compared := 0
	check := func(series string, got, low, high, slack float64) {
		t.Helper()
		compared++
		if low > high {
			low, high = high, low
		}
		// Both round and both convert, so the last digits may differ.
		slack += math.Abs(high) * 1e-9
		if got < low-slack || got > high+slack {
			t.Errorf("%s: %v, node_exporter says %v to %v", series, got, low, high)
		}
	}
	same := func(series string, got, slack float64) {
		t.Helper()
		low, ok := before[series]
		high, ok2 := after[series]
		if ok != ok2 {
			return // a device that came or went in between
		}
		if !ok {
			t.Errorf("node_exporter has no %s", series)
			return
		}
		check(series, got, low, high, slack)
	}
	const MiB = 1 << 20
	same("node_boot_time_seconds", *doc.Host.BootTime, 1)
	same("node_load1", *doc.CPU.Load1, 0.5)
	same("node_load5", *doc.CPU.Load5, 0.2)
	same("node_load15", *doc.CPU.Load15, 0.1)
	same("node_memory_MemTotal_bytes", float64(*doc.Memory.TotalBytes), 0)
	same("node_memory_MemAvailable_bytes", float64(*doc.Memory.AvailableBytes), float64(*doc.Memory.TotalBytes)/10)
	same("node_memory_SwapTotal_bytes", float64(*doc.Memory.SwapTotalBytes), 0)
	same("node_memory_SwapFree_bytes", float64(*doc.Memory.SwapFreeBytes), 512*MiB)
	same("node_processes_pids", float64(*doc.Processes.Count), 30)
	for mode, got := range doc.CPU.SecondsTotal {
		part := fmt.Sprintf("mode=%q", mode)
		low, n := before.sum("node_cpu_seconds_total{", part)
		high, _ := after.sum("node_cpu_seconds_total{", part)
		if n != int(*doc.CPU.Count) {
			t.Errorf("%d processors of mode %s, the report has %d", n, mode, *doc.CPU.Count)
		}
		check("node_cpu_seconds_total "+part, got, low, high, 0.1) // ticks of each processor are rounded apart
	}
	for _, f := range doc.Filesystems {
		labels := fmt.Sprintf("{device=%q,fstype=%q,mountpoint=%q}", f.Device, f.FSType, f.Mountpoint)
		same("node_filesystem_size_bytes"+labels, float64(*f.SizeBytes), 0)
		same("node_filesystem_avail_bytes"+labels, float64(*f.AvailBytes), 1024*MiB)
		if f.Files != nil {
			same("node_filesystem_files"+labels, float64(*f.Files), 0)
			same("node_filesystem_files_free"+labels, float64(*f.FilesFree), 100000)
		}
	}
	for _, d := range doc.Disks {
		labels := fmt.Sprintf("{device=%q}", d.Device)
		same("node_disk_read_bytes_total"+labels, float64(*d.ReadBytesTotal), 0)
		same("node_disk_written_bytes_total"+labels, float64(*d.WrittenBytesTotal), 0)
		same("node_disk_io_time_seconds_total"+labels, *d.IOTimeSecondsTotal, 0)
	}
	for _, n := range doc.Networks {
		labels := fmt.Sprintf("{device=%q}", n.Device)
		same("node_network_receive_bytes_total"+labels, float64(*n.ReceiveBytesTotal), 0)
		same("node_network_transmit_bytes_total"+labels, float64(*n.TransmitBytesTotal), 0)
		same("node_network_receive_errs_total"+labels, float64(*n.ReceiveErrorsTotal), 0)
		same("node_network_transmit_errs_total"+labels, float64(*n.TransmitErrorsTotal), 0)
		if *n.Up != (after["node_network_up"+labels] == 1) {
			t.Errorf("%s up: %v", n.Device, *n.Up)
		}
	}
	for _, c := range doc.Temperatures {
		if !strings.Contains(c.Sensor, "/") && !strings.Contains(c.Sensor, "@") {
			if want, n := after.sum("node_thermal_zone_temp{", fmt.Sprintf("type=%q", c.Sensor)); n == 1 {
				check("node_thermal_zone_temp "+c.Sensor, *c.Celsius, want, want, 5)
			}
		}
	}
	if len(doc.Filesystems) == 0 || len(doc.Networks) == 0 {
		t.Errorf("nothing to compare: %s", out)
	}
	t.Logf("%d values compared", compared)
}

// Two reporters with one client id throw each other out for ever, and say so.
func TestOneClientID(t *testing.T) {
	port := freePort(t)
	mosquitto(t, port, "allow_anonymous true")
	var both []*process
	for i := 0; i < 2; i++ {
		both = append(both, start(t, binary(t, native(t)), quick(port, "--client-id=twin", "--max-backoff=5s")...))
	}
	wait(context.Background(), 15*time.Second)
	for _, p := range both {
		p.end(syscall.SIGTERM)
	}
	said := both[0].log.String() + both[1].log.String()
	if n := strings.Count(said, "--client-id"); n < 1 || n > 2 || !strings.Contains(said, "clientID=twin") {
		t.Errorf("said it %d times:\n%s", n, said)
	}
	if n := strings.Count(said, "\n"); n > 24 {
		t.Errorf("%d lines:\n%s", n, said)
	}
}

// Where /proc hides other users' processes, the count and what hangs on it are
// left out, and the rest is there.
func TestHiddenProcesses(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting takes root")
	}
	program := filepath.Join("/tmp", fmt.Sprintf("sysinfo-reporter-hidden-%d", os.Getpid()))
	b, err := os.ReadFile(binary(t, native(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, b, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(program)
	const script = `mount -t proc -o hidepid=2 proc /proc && exec chroot --userspec=65534:65534 / "$0" --once --output=-`
	var out, log bytes.Buffer
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, program)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	var doc sysinfo.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Processes != nil || doc.CPU == nil || doc.Memory == nil || len(doc.Filesystems) == 0 || doc.Filesystems[0].Mountpoint != "/" {
		t.Errorf("report %s", &out)
	}
	for _, want := range []string{"reading processes: /proc hides", "took this process's own mounts"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("said %q %d times: %s", want, n, &log)
		}
	}
}

// In a container that is not shown the host's mounts, the container's own are
// none: neither its / nor its /etc/hosts is the node's.
func TestHiddenMountsInAContainer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting takes root")
	}
	root, err := os.MkdirTemp("/tmp", "sysinfo-reporter-container-") // which others may enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	const script = `set -e
		mount -t tmpfs -o mode=755 tmpfs "$0" && cd "$0"
		layer=docker/overlay2/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
		mkdir -p $layer/diff $layer/work lower/proc lower/sys lower/etc merged
		cp "$1" lower/sysinfo-reporter
		echo 127.0.0.1 localhost >hosts
		cp hosts lower/etc/hosts
		mount -t overlay -o "lowerdir=$0/lower,upperdir=$0/$layer/diff,workdir=$0/$layer/work" overlay merged
		mount --bind hosts merged/etc/hosts
		mount -t proc -o hidepid=2 proc merged/proc
		mount --rbind /sys merged/sys
		exec chroot --userspec=65534:65534 merged /sysinfo-reporter --once --output=-`
	var out, log bytes.Buffer
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, root, binary(t, native(t)))
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	var doc sysinfo.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Filesystems) > 0 || doc.CPU == nil || doc.Memory == nil {
		t.Errorf("report %s", &out)
	}
	if want := "this process's own are a container's, for its / comes from"; !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "--host-root") {
		t.Errorf("said %s, want %q and the flag", &log, want)
	}
}
