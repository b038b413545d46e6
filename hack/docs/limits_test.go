package docs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// What Prometheus and its operator may add to the page of a cloudcore: labels of
// the target, and cloudcore's own metrics.
const (
	targetLabels = 8 // instance, job, namespace, service, pod, endpoint, container, node
	hostSeries   = 50_000
	hostBytes    = 400 * hostSeries
)

// TestScrapeLimits holds the limits of the shipped scrapes to what the shipped
// config lets onto a page. One sample over a limit would cost the whole scrape.
func TestScrapeLimits(t *testing.T) {
	worst := shippedConfig(t).Worst()
	for file, at := range map[string]struct {
		limits func(object map[string]any) map[string]any
		names  [5]string
	}{
		"servicemonitor/servicemonitor.yaml": {spec, [5]string{"sampleLimit", "labelLimit", "labelNameLengthLimit", "labelValueLengthLimit", "bodySizeLimit"}},
		"podmonitor/podmonitor.yaml":         {spec, [5]string{"sampleLimit", "labelLimit", "labelNameLengthLimit", "labelValueLengthLimit", "bodySizeLimit"}},
		"scrape/prometheus.yaml":             {scrapeConfig, [5]string{"sample_limit", "label_limit", "label_name_length_limit", "label_value_length_limit", "body_size_limit"}},
	} {
		t.Run(file, func(t *testing.T) {
			limits := at.limits(manifest(t, file))
			for i, want := range []struct{ least, most int }{
				{worst.Series + hostSeries, 2 * (worst.Series + hostSeries)},
				{worst.Labels + targetLabels, 2 * (worst.Labels + targetLabels)},
				// Names and values are bounded alike at both ends.
				{worst.LabelNameBytes, worst.LabelNameBytes},
				{worst.ValueBytes, worst.ValueBytes},
				{worst.Bytes + hostBytes, 2 * (worst.Bytes + hostBytes)},
			} {
				got, ok := limitOf(limits[at.names[i]])
				if !ok || got < want.least || got > want.most {
					t.Errorf("%s is %v, the config lets %d through", at.names[i], limits[at.names[i]], want.least)
				}
			}
		})
	}
}

// limitOf reads a number, or a size as Prometheus has it, whose MB are MiB.
func limitOf(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		return int(v), true
	case string:
		text, ok := strings.CutSuffix(v, "MB")
		n, err := strconv.Atoi(text)
		return n << 20, ok && err == nil
	}
	return 0, false
}

// shippedConfig reads the config of manifests/cloudcore.
func shippedConfig(t *testing.T) *nodemetrics.Config {
	t.Helper()
	data := manifest(t, "cloudcore/configmap.yaml")["data"].(map[string]any)
	file := filepath.Join(t.TempDir(), "nodemetrics.yaml")
	if err := os.WriteFile(file, []byte(data["nodemetrics.yaml"].(string)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := nodemetrics.LoadConfig(file)
	if err == nil {
		err = c.Validate()
	}
	if err != nil || c.From() == "" {
		t.Fatalf("error %v, section found in %q", err, c.From())
	}
	return &c
}

func manifest(t *testing.T, file string) (object map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../manifests", file))
	if err == nil {
		err = yaml.Unmarshal(data, &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func spec(object map[string]any) map[string]any { return object["spec"].(map[string]any) }

func scrapeConfig(object map[string]any) map[string]any {
	return object["scrape_configs"].([]any)[0].(map[string]any)
}
