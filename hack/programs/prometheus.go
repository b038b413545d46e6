package programs

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Prometheus is a running Prometheus.
type Prometheus struct{ Address string }

// StartPrometheus starts the Prometheus of a path with a config and more flags. Its
// data is the test's alone; Debian's would share a folder of the system.
func StartPrometheus(t *testing.T, binary, config string, flags ...string) Prometheus {
	t.Helper()
	folder := t.TempDir()
	p := Prometheus{FreeAddress(t)}
	file := filepath.Join(folder, "prometheus.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	data := "--storage.tsdb.path=data"
	if slices.Contains(flags, "--agent") {
		data = "--storage.agent.path=data"
	}
	cmd := exec.Command(binary, append([]string{"--config.file=" + file, data, "--web.listen-address=" + p.Address, "--log.level=warn"}, flags...)...)
	cmd.Dir = folder
	Start(t, cmd)
	Ready(t, "http://"+p.Address+"/-/ready")
	return p
}

// Query returns the values of a query's series.
func (p Prometheus) Query(query string) ([]float64, error) {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := GetJSON("http://"+p.Address+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return nil, err
	}
	var values []float64
	for _, r := range answer.Data.Result {
		v, err := strconv.ParseFloat(r.Value[1].(string), 64)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// Wait waits until a query has so many results.
func (p Prometheus) Wait(t *testing.T, query string, results int) {
	t.Helper()
	var values []float64
	var err error
	WaitFor(t, fmt.Sprintf("%s to have %d results", query, results), func() bool {
		values, err = p.Query(query)
		return err == nil && len(values) == results
	}, func() string { return fmt.Sprint(values, err) })
}

// Number waits for a query's only result and returns it.
func (p Prometheus) Number(t *testing.T, query string) float64 {
	t.Helper()
	p.Wait(t, query, 1)
	values, err := p.Query(query)
	if err != nil || len(values) != 1 {
		t.Fatalf("%s: %v, error %v", query, values, err)
	}
	return values[0]
}
