package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/kubeedge/pkg/version"
	"k8s.io/klog/v2"
)

// testAs is the variable that says what a process of the tests is.
const testAs = "TEST_AS_CLOUDCORE"

// TestMain is cloudcore itself where a test has started it as that.
func TestMain(m *testing.M) {
	switch os.Getenv(testAs) {
	case "":
		os.Exit(m.Run())
	case "KubeEdge": // which prints its configuration
		os.Setenv(printingPlain, "1")
	case "failing": // where KubeEdge prints its configuration
		if os.Getenv(printingPlain) != "" {
			fmt.Fprintln(os.Stderr, "KubeEdge's own words")
			os.Exit(3)
		}
	case "deleted": // while it runs
		os.Remove(os.Args[0])
	case "logging":
		logging()
		return
	case "beehive":
		underBeehive()
		return
	}
	main()
}

// ran is what a run of cloudcore left.
type ran struct {
	output, said string
	code         int
}

// run runs the command as TestMain has it.
func run(t *testing.T, as string, arguments ...string) ran {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cloudcore")
	if err := os.Link(os.Args[0], program); err != nil {
		copyFile(t, program, os.Args[0])
	}
	var output, said bytes.Buffer
	command := exec.Command(program, arguments...)
	// The race detector is not to wait, nor to change the code: what it finds, it says.
	command.Env = append(os.Environ(), testAs+"="+as, "GORACE=atexit_sleep_ms=0 exitcode=0")
	command.Stdout, command.Stderr = &output, &said
	err := command.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return ran{output.String(), said.String(), command.ProcessState.ExitCode()}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
}

// cloudcore runs the command, which must end well, and returns its standard output.
func cloudcore(t *testing.T, as string, arguments ...string) string {
	t.Helper()
	got := run(t, as, arguments...)
	if got.code != 0 {
		t.Fatalf("cloudcore %s: %+v", strings.Join(arguments, " "), got)
	}
	return got.output
}

// TestWrongConfiguration: a configuration that cannot be right ends cloudcore with one
// line, which names what is wrong and where, and no explanation of its flags.
func TestWrongConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		"modules: {router: {enable: true}, nodeMetrics: {nodeTTL: 1ms}}":           "registering the nodemetrics module: modules.nodeMetrics.nodeTTL",
		"modules: {router: {enable: true}, nodeMetrics: {ttl: 1m}}":                "loading modules.nodeMetrics: FILE",
		"modules: {router: {enable: false}}":                                       "modules.router.enable is false in FILE: ",
		"modules: {router: {enable: true}, nodeMetrics: {mappingFile: /no/where}}": "registering the nodemetrics module: ",
	} {
		file := filepath.Join(t.TempDir(), "cloudcore.yaml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		got := run(t, "cloudcore", "--config", file)
		want = "Error: " + strings.Replace(want, "FILE", file, 1)
		if got.code != 1 || got.output != "" || !strings.HasPrefix(got.said, want) || strings.Count(got.said, "\n") != 1 {
			t.Errorf("%s: %+v, want %s", config, got, want)
		}
	}
}

// TestLogs: the log of other libraries is cloudcore's own, and what of it is not yet
// written is when cloudcore ends.
func TestLogs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	t.Setenv("TEST_LOG", file)
	got := run(t, "logging", "--version")
	if got.code != 0 || !strings.HasPrefix(got.said, "I") || !strings.HasSuffix(got.said, "] by another library\n") {
		t.Errorf("%+v, want what another library logs as klog has it", got)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "] not yet written\n") {
		t.Errorf("the log is %q, error %v", text, err)
	}
}

// logging logs before and after the command.
func logging() {
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("log_file", os.Getenv("TEST_LOG"))
	klog.Info("not yet written")
	main()
	_ = flags.Set("logtostderr", "true")
	log.Print("by another library")
}

// TestHelpIsKubeEdges: the flags are KubeEdge's, and the exporter adds none.
func TestHelpIsKubeEdges(t *testing.T) {
	help := cloudcore(t, "cloudcore", "--help")
	for _, want := range []string{"CloudCore is the core cloud part of KubeEdge", "--config", "--defaultconfig", "--minconfig"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help lacks %s", want)
		}
	}
	for _, not := range []string{"nodemetrics", "nodeMetrics", "edgegauge"} {
		if strings.Contains(help, not) {
			t.Errorf("the help has %s:\n%s", not, help)
		}
	}
}

func TestVersionIsBoth(t *testing.T) {
	got := cloudcore(t, "cloudcore", "--version")
	if want := "KubeEdge " + version.Get().String() + ", edgegauge " + nodemetrics.Version() + "\n"; got != want {
		t.Errorf("--version prints %q, want %q", got, want)
	}
}
