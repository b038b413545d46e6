package exposition

import (
	"strconv"
	"strings"
)

// format is an exposition format. The nodes' sample lines are the same in all of
// them; metadata lines, the end of the page and the content type are not.
type format uint8

// The formats there are.
const (
	text004     format = iota // Prometheus text format 0.0.4
	text100                   // Prometheus text format 1.0.0
	openMetrics               // OpenMetrics 1.0.0
)

// form is how a page is written for a request.
type form struct {
	format   format
	escaping string // as the request named it; "" if it did not
	// scheme is what becomes of names beyond the classic character set, which
	// the host may have. Nodes' names are classic.
	scheme escaping
}

// negotiate returns the form for a request's Accept header (RFC 9110, section
// 12.5.1). A wildcard means text004, and so does a header that nothing satisfies.
// Without a known escaping, names are escaped with underscores, which every reader
// can read.
func negotiate(accept string) form {
	best, bestQ, named := text004, 0.0, ""
	for _, item := range items(accept) {
		media, params := parseItem(item)
		format := text004
		switch version := params["version"]; media {
		case "application/openmetrics-text":
			if version != "" && version != "1.0.0" {
				continue
			}
			format = openMetrics
		case "application/*":
			format = openMetrics
		case "text/plain":
			switch version {
			case "1.0.0":
				format = text100
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
			best, bestQ, named = format, q, params["escaping"]
		}
	}
	if !escaping(named).known() {
		return form{best, "", withUnderscores}
	}
	return form{best, named, escaping(named)}
}

// contentType returns the Content-Type, in which the escaping that the request
// named is confirmed.
func (f form) contentType() string {
	t := "text/plain; version=0.0.4; charset=utf-8"
	switch f.format {
	case text100:
		t = "text/plain; version=1.0.0; charset=utf-8"
	case openMetrics:
		t = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	}
	if f.escaping != "" {
		t += "; escaping=" + f.escaping
	}
	return t
}

// acceptsGzip reports whether to compress the answer to a request with this
// Accept-Encoding header (RFC 9110, section 12.5.3).
func acceptsGzip(acceptEncoding string) bool {
	gzip, identity, any := -1.0, -1.0, -1.0
	for _, item := range items(acceptEncoding) {
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

// mostAccepted is how many bytes of an Accept header are looked at. Those of scrapers
// and browsers have a few hundred, and all headers together may have 36 KB.
const mostAccepted = 2048

// items returns the items of an Accept header.
func items(accept string) []string {
	if len(accept) > mostAccepted {
		accept = accept[:mostAccepted]
		accept = accept[:max(0, strings.LastIndexByte(accept, ','))] // whole items
	}
	return strings.Split(accept, ",")
}

// parseItem splits an item of an Accept header into its value and parameters,
// all in lower case.
func parseItem(item string) (string, map[string]string) {
	value, rest, _ := strings.Cut(strings.ToLower(item), ";")
	var params map[string]string
	for rest != "" {
		if params == nil {
			params = map[string]string{}
		}
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
