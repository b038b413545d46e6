package custom

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// parseProm returns the samples of b, which is in Prometheus' text format, as
// entries. Types, help and time stamps are passed over: the age of a reading
// is its file's, and every entry becomes a gauge.
func parseProm(b []byte) (c contents) {
	for n := 1; len(b) > 0; n++ {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		entry, err := parseSample(text)
		if !c.add(fmt.Sprintf("line %d", n), entry, err) {
			break
		}
	}
	return c
}

// parseSample reads one line: name{label="value",…} value [timestamp]
func parseSample(s string) (sysinfo.Custom, error) {
	end := strings.IndexAny(s, "{ \t")
	if end <= 0 || !sysinfo.LegalMetricName(s[:end]) {
		return sysinfo.Custom{}, errors.New("no metric name")
	}
	entry := sysinfo.Custom{Name: s[:end]}
	s = strings.TrimLeft(s[end:], " \t")
	if strings.HasPrefix(s, "{") {
		var err error
		if entry.Labels, s, err = parseLabels(s[1:]); err != nil {
			return sysinfo.Custom{}, err
		}
	}
	fields := strings.Fields(s)
	if len(fields) != 1 && len(fields) != 2 {
		return sysinfo.Custom{}, errors.New("not a value and at most a time stamp after the name")
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return sysinfo.Custom{}, fmt.Errorf("%.40q is no number", fields[0])
	}
	if len(fields) == 2 {
		if _, err := strconv.ParseInt(fields[1], 10, 64); err != nil {
			return sysinfo.Custom{}, fmt.Errorf("%.40q is no time stamp", fields[1])
		}
	}
	entry.Value = &value
	return entry, nil
}

// parseLabels reads what follows an opening brace, to the closing one, and
// returns what is left.
func parseLabels(s string) (map[string]string, string, error) {
	labels := map[string]string{}
	for {
		s = strings.TrimLeft(s, " \t")
		if strings.HasPrefix(s, "}") {
			return labels, s[1:], nil
		}
		name, rest, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		rest = strings.TrimLeft(rest, " \t")
		if !ok || !sysinfo.LegalName(name) || !strings.HasPrefix(rest, `"`) {
			return nil, "", errors.New(`labels are not name="value"`)
		}
		value, rest, ok := parseQuoted(rest[1:])
		if !ok {
			return nil, "", errors.New("label value without a closing quote")
		}
		if _, twice := labels[name]; twice {
			return nil, "", fmt.Errorf("label %s twice", name)
		}
		labels[name] = value
		s = strings.TrimLeft(rest, " \t")
		switch {
		case strings.HasPrefix(s, ","):
			s = s[1:]
		case !strings.HasPrefix(s, "}"):
			return nil, "", errors.New("labels are not divided by commas")
		}
	}
}

// parseQuoted reads what follows an opening quote, to the closing one.
func parseQuoted(s string) (value, rest string, ok bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return out.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\"n`, s[i+1]) >= 0:
			i++
			if s[i] == 'n' {
				out.WriteByte('\n')
			} else {
				out.WriteByte(s[i])
			}
		default:
			out.WriteByte(c)
		}
	}
	return "", "", false
}
