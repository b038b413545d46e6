package stack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Sample is one series of an answer of Prometheus.
type Sample struct {
	Labels map[string]string
	Value  float64
}

var client = &http.Client{Timeout: 10 * time.Second}

// Query asks Prometheus for an instant vector.
func (s *Stack) Query(expression string) ([]Sample, error) {
	var result []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := s.prometheus("query", url.Values{"query": {expression}}, &struct{ Result any }{&result}); err != nil {
		return nil, err
	}
	samples := make([]Sample, 0, len(result))
	for _, r := range result {
		value, err := number(r.Value)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{Labels: r.Metric, Value: value})
	}
	return samples, nil
}

// RuleFiles returns the files that Prometheus has rules of. The operator names them
// after the PrometheusRule and its UID.
func (s *Stack) RuleFiles() ([]string, error) {
	var result struct{ Groups []struct{ File string } }
	if err := s.prometheus("rules", nil, &result); err != nil {
		return nil, err
	}
	var files []string
	for _, g := range result.Groups {
		files = append(files, g.File)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// Range asks Prometheus for the numbers of an expression with one series at
// most, from a moment until now.
func (s *Stack) Range(expression string, from time.Time, step time.Duration) ([]float64, error) {
	var result []struct{ Values [][2]any }
	if err := s.prometheus("query_range", url.Values{
		"query": {expression},
		"start": {strconv.FormatInt(from.Unix(), 10)},
		"end":   {strconv.FormatInt(time.Now().Unix(), 10)},
		"step":  {step.String()},
	}, &struct{ Result any }{&result}); err != nil {
		return nil, err
	}
	if len(result) > 1 {
		return nil, fmt.Errorf("%s has %d series", expression, len(result))
	}
	var values []float64
	for _, r := range result {
		for _, v := range r.Values {
			value, err := number(v)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
	}
	return values, nil
}

// Target is a target that Prometheus has discovered.
type Target struct {
	ScrapePool string
	ScrapeURL  string
	Labels     map[string]string
	Health     string
	LastError  string
}

// Targets returns Prometheus' active targets.
func (s *Stack) Targets() ([]Target, error) {
	var data struct{ ActiveTargets []Target }
	err := s.prometheus("targets", url.Values{"state": {"active"}}, &data)
	return data.ActiveTargets, err
}

func (s *Stack) prometheus(endpoint string, parameters url.Values, data any) error {
	response, err := client.Get("http://" + PrometheusAddress + "/api/v1/" + endpoint + "?" + parameters.Encode())
	if err != nil {
		return fmt.Errorf("asking Prometheus: %w", err)
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("reading Prometheus' answer: %w", err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", parameters.Get("query"), answer.Error)
	}
	return nil
}

func number(value [2]any) (float64, error) {
	text, ok := value[1].(string)
	if !ok {
		return 0, fmt.Errorf("%v is no value of Prometheus", value)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("reading Prometheus' answer: %w", err)
	}
	return n, nil
}

// CheckPrometheusConfig has promtool check a configuration file.
func (s *Stack) CheckPrometheusConfig(file string) error {
	_, err := s.run("", "", "promtool", "check", "config", file)
	return err
}
