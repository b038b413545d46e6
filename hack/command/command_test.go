//go:build e2e

package command_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/programs"
)

// TestInterruptEndsQuietly wants Ctrl-C to be taken for what it is: no error, and
// nothing said but that it stopped.
func TestInterruptEndsQuietly(t *testing.T) {
	captured := filepath.Join(t.TempDir(), "captured.jsonl")
	write(t, captured, `{"route":{"resource":"node/a/default/user/sysinfo"},"content":{"cpu":{"load1":1}}}`+"\n")
	for name, args := range map[string][]string{
		"run":    {"--simulate-nodes", "3", "--report-interval", "1s"},
		"replay": {"replay", captured},
	} {
		t.Run(name, func(t *testing.T) {
			address := programs.FreeAddress(t)
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(nodemetrics(), append(args, "--bind-address", address)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			programs.Ready(t, "http://"+address+"/readyz")
			for range 2 { // as when a wrapper passes on what the terminal has sent already
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
			kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
			if !strings.HasSuffix(stdout.String(), "Stopped.\n") {
				t.Errorf("standard output does not end with Stopped:\n%s", &stdout)
			}
			for _, line := range strings.Split(stderr.String(), "\n") {
				if strings.HasPrefix(line, "E") || strings.HasPrefix(line, "W") || strings.Contains(line, "signal") || strings.Contains(line, "goroutine") {
					t.Errorf("on standard error: %s", line)
				}
			}
		})
	}
}

// TestAddressesThatItNames opens the addresses of the start message as they are
// printed, with TLS and without.
func TestAddressesThatItNames(t *testing.T) {
	dir := t.TempDir()
	web := writeWebConfig(t, "")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 5 * time.Second}
	for scheme, web := range map[string]string{"http": "", "https": web} {
		config := filepath.Join(dir, scheme+".yaml")
		write(t, config, fmt.Sprintf("modules: {nodeMetrics: {bindAddress: %q, webConfigFile: %q}}", programs.FreeAddress(t), web))
		cmd := exec.Command(nodemetrics(), "--config", config)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var named []string
		for len(named) < 3 && lines.Scan() {
			for _, word := range strings.Fields(lines.Text()) {
				if strings.Contains(word, "://") {
					named = append(named, word)
				}
			}
		}
		if len(named) != 3 {
			t.Errorf("%s: it names %q, want three addresses", scheme, named)
		}
		for _, address := range named {
			if !strings.HasPrefix(address, scheme+"://") {
				t.Errorf("it names %s, want %s", address, scheme)
			}
			programs.WaitFor(t, address, func() bool {
				response, err := client.Get(address)
				if err != nil {
					return false
				}
				response.Body.Close()
				return response.StatusCode == http.StatusOK
			}, nil)
		}
		_ = cmd.Process.Signal(os.Interrupt)
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}
