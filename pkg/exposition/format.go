package exposition

import (
	"strconv"
	"strings"
)

// Format is an exposition format. The sample lines are the same in all of
// them; metadata lines, the end of the page and the content type are not.
type Format uint8

// The formats there are.
const (
	Text004     Format = iota // Prometheus text format 0.0.4
	Text100                   // Prometheus text format 1.0.0
	OpenMetrics               // OpenMetrics 1.0.0
)

// Negotiate returns the format and the Content-Type for a request's Accept
// header (RFC 9110, section 12.5.1). A wildcard means Text004, and so does a
// header that nothing satisfies. Names here are of the classic character set,
// which satisfies every escaping scheme, so the one asked for is confirmed.
func Negotiate(accept string) (Format, string) {
	best, bestQ, bestEscaping := Text004, 0.0, ""
	for _, item := range strings.Split(accept, ",") {
		media, params := parseItem(item)
		format := Text004
		switch version := params["version"]; media {
		case "application/openmetrics-text":
			if version != "" && version != "1.0.0" {
				continue
			}
			format = OpenMetrics
		case "application/*":
			format = OpenMetrics
		case "text/plain":
			switch version {
			case "1.0.0":
				format = Text100
			case "", "0.0.4":
			default:
				continue
			}
		case "text/*", "*/*":
		default:
			continue
		}
		q := quality(params)
		if q > bestQ || q == bestQ && q > 0 && format > best {
			best, bestQ, bestEscaping = format, q, params["escaping"]
		}
	}
	return best, best.contentType(bestEscaping)
}

func (f Format) contentType(escaping string) string {
	t := "text/plain; version=0.0.4; charset=utf-8"
	switch f {
	case Text100:
		t = "text/plain; version=1.0.0; charset=utf-8"
	case OpenMetrics:
		t = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	}
	switch escaping {
	case "allow-utf-8", "underscores", "dots", "values":
		if f != Text004 {
			t += "; escaping=" + escaping
		}
	}
	return t
}

// acceptsGzip reports whether to compress the answer to a request with this
// Accept-Encoding header (RFC 9110, section 12.5.3).
func acceptsGzip(acceptEncoding string) bool {
	gzip, identity, any := -1.0, -1.0, -1.0
	for _, item := range strings.Split(acceptEncoding, ",") {
		coding, params := parseItem(item)
		switch coding {
		case "gzip", "x-gzip":
			gzip = quality(params)
		case "identity":
			identity = quality(params)
		case "*":
			any = quality(params)
		}
	}
	if gzip < 0 {
		gzip = any
	}
	return gzip > 0 && gzip >= identity
}

// parseItem splits an item of an Accept header into its value and parameters,
// all in lower case.
func parseItem(item string) (string, map[string]string) {
	value, rest, _ := strings.Cut(strings.ToLower(item), ";")
	params := map[string]string{}
	for rest != "" {
		var param string
		param, rest, _ = strings.Cut(rest, ";")
		k, v, _ := strings.Cut(param, "=")
		params[strings.TrimSpace(k)] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return strings.TrimSpace(value), params
}

// quality returns the weight q of an item: 1 unless given, 0 if it is no
// number from 0 to 1.
func quality(params map[string]string) float64 {
	s, ok := params["q"]
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(s, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
