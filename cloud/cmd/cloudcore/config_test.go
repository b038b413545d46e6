package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// TestMain is cloudcore itself where a test has started it as that.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_CLOUDCORE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// cloudcore runs the command and returns its standard output.
func cloudcore(t *testing.T, environment string, arguments ...string) string {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), "TEST_AS_CLOUDCORE=1", environment)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("cloudcore %s: %v", strings.Join(arguments, " "), err)
	}
	return string(output)
}

// TestPrintedConfig: what --defaultconfig and --minconfig print is what KubeEdge
// prints, with our section, and a configuration that can be used.
func TestPrintedConfig(t *testing.T) {
	for _, flag := range []string{"--defaultconfig", "--minconfig"} {
		plain := cloudcore(t, printingPlain+"=1", flag)
		ours := cloudcore(t, "X=", flag)
		if strings.Contains(plain, "nodeMetrics") || !strings.Contains(ours, "\n  nodeMetrics:\n") {
			t.Fatalf("%s prints\n%s", flag, ours)
		}
		at := strings.Index(ours, strings.SplitAfter(head, "\n")[0])
		end := len(ours) - (len(plain) - at)
		if ours[:at]+ours[end:] != plain {
			t.Errorf("%s changes what KubeEdge prints:\n%s", flag, ours)
		}
		file := filepath.Join(t.TempDir(), "cloudcore.yaml")
		if err := os.WriteFile(file, []byte(ours), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := nodemetrics.LoadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		if config.From() != file {
			t.Errorf("%s: the section is not found in what is printed", flag)
		}
		want, err := nodemetrics.LoadConfig(filepath.Join(t.TempDir(), "none.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.ValueOf(config)
		for i := 0; i < got.NumField(); i++ {
			field := got.Type().Field(i)
			if field.PkgPath == "" && !reflect.DeepEqual(got.Field(i).Interface(), reflect.ValueOf(want).Field(i).Interface()) {
				t.Errorf("%s: %s is %v, the default is %v", flag, field.Name, got.Field(i), reflect.ValueOf(want).Field(i))
			}
		}
	}
}

// TestPrintedConfigIsLost: a configuration that could not be written is an error.
func TestPrintedConfigIsLost(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no device that is full: ", err)
	}
	defer full.Close()
	var said bytes.Buffer
	command := exec.Command(os.Args[0], "--minconfig")
	command.Env = append(os.Environ(), "TEST_AS_CLOUDCORE=1")
	command.Stdout, command.Stderr = full, &said
	if err := command.Run(); err == nil {
		t.Errorf("cloudcore --minconfig ended well, and said %q", &said)
	}
}

// TestHelpIsKubeEdges: the flags are KubeEdge's, and the exporter adds none.
func TestHelpIsKubeEdges(t *testing.T) {
	help := cloudcore(t, "X=", "--help")
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
	got := cloudcore(t, "X=", "--version")
	if !strings.HasPrefix(got, "KubeEdge v") || !strings.Contains(got, ", edgegauge "+nodemetrics.Version()+"\n") {
		t.Errorf("--version prints %q", got)
	}
}

func TestInsertSectionNeedsModules(t *testing.T) {
	if err := insertSection(&bytes.Buffer{}, []byte("kind: CloudCore\n"), minSection); err == nil {
		t.Error("a configuration without modules was taken")
	}
}
