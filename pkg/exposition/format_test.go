package exposition

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	const (
		type004  = "text/plain; version=0.0.4; charset=utf-8"
		type100  = "text/plain; version=1.0.0; charset=utf-8"
		typeOpen = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	)
	for name, test := range map[string]struct {
		accept      string
		format      format
		contentType string
	}{
		"none":                          {"", text004, type004},
		"Prometheus 2.0":                {"text/plain;version=0.0.4;q=1,*/*;q=0.1", text004, type004},
		"Prometheus 2.5":                {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", text004, type004},
		"Prometheus 2.42":               {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", openMetrics, typeOpen},
		"Prometheus 2.53":               {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics, typeOpen},
		"Prometheus 2.53 with protobuf": {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics, typeOpen},
		"Prometheus 3": {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
			openMetrics, typeOpen + "; escaping=allow-utf-8"},
		"Prometheus 3, text first": {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2",
			text100, type100 + "; escaping=allow-utf-8"},
		"Prometheus 3, text 0.0.4 alone": {"text/plain;version=0.0.4;q=0.5,*/*;q=0.2", text004, type004},
		"Prometheus 3, legacy names": {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.2",
			openMetrics, typeOpen + "; escaping=underscores"},
		"curl":    {"*/*", text004, type004},
		"Firefox": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text004, type004},
		"Chrome":  {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", text004, type004},

		"any text":                       {"text/*", text004, type004},
		"any application":                {"application/*", openMetrics, typeOpen},
		"OpenMetrics of any version":     {"application/openmetrics-text", openMetrics, typeOpen},
		"OpenMetrics of a later one":     {"application/openmetrics-text;version=2.0.0", text004, type004},
		"text of any version":            {"text/plain", text004, type004},
		"text of a later one":            {"text/plain;version=2.0.0, application/openmetrics-text;q=0.1", openMetrics, typeOpen},
		"what there is not":              {"application/json", text004, type004},
		"protobuf alone":                 {"application/vnd.google.protobuf", text004, type004},
		"OpenMetrics not at all":         {"application/openmetrics-text;q=0, text/plain;version=1.0.0;q=0.001", text100, type100},
		"nothing at all":                 {"application/openmetrics-text;q=0, text/plain;q=0.0", text004, type004},
		"a q beyond 1":                   {"application/openmetrics-text;q=7, text/plain;q=0.1", text004, type004},
		"a q that is no number":          {"application/openmetrics-text;q=NaN, text/plain;version=1.0.0;q=0.1", text100, type100},
		"of equals the newest":           {"text/plain;version=0.0.4, text/plain;version=1.0.0, application/openmetrics-text", openMetrics, typeOpen},
		"of equals the newest, turned":   {"application/openmetrics-text, text/plain;version=1.0.0, text/plain;version=0.0.4", openMetrics, typeOpen},
		"the greatest q":                 {"application/openmetrics-text;q=0.1, text/plain;version=1.0.0;q=0.3, text/plain;q=0.2", text100, type100},
		"capitals, space and quotes":     {` Application/OpenMetrics-Text ; Version="1.0.0" ; Q=1 `, openMetrics, typeOpen},
		"all escapings":                  {"text/plain;version=1.0.0;escaping=dots", text100, type100 + "; escaping=dots"},
		"values":                         {"text/plain;version=1.0.0;escaping=values", text100, type100 + "; escaping=values"},
		"an unknown escaping":            {"text/plain;version=1.0.0;escaping=\r\nX-Evil: 1", text100, type100},
		"escaping in the oldest format":  {"text/plain;version=0.0.4;escaping=dots", text004, type004 + "; escaping=dots"},
		"escaping of what is not chosen": {"text/plain;version=1.0.0;escaping=dots;q=0.1, application/openmetrics-text", openMetrics, typeOpen},
		"many others before it":          {strings.Repeat("a/b,", 500) + "text/plain;version=1.0.0", text100, type100},
		"too many before it":             {strings.Repeat("a/b,", 520) + "text/plain;version=1.0.0", text004, type004},
		"too many behind it":             {"text/plain;version=1.0.0" + strings.Repeat(",a/b", 9000), text100, type100},
		"one that is cut off is none":    {strings.Repeat("a,", 1015) + "text/plain;version=1.0.0", text004, type004},
		"one that is too long":           {"text/plain;version=1.0.0" + strings.Repeat(";a=b", 9000), text004, type004},
		"garbage":                        {";;=,,q=1;,=;\x00\xff,text/plain;=;version", text004, type004},
	} {
		t.Run(name, func(t *testing.T) {
			form := negotiate(test.accept)
			if form.format != test.format || form.contentType() != test.contentType {
				t.Errorf("%q gives %v, %q; want %v, %q", test.accept, form.format, form.contentType(), test.format, test.contentType)
			}
		})
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"":                          false,
		"gzip":                      true,
		"GZip":                      true,
		"x-gzip":                    true,
		"gzip, deflate, br, zstd":   true,
		"deflate, br":               false,
		"identity":                  false,
		"gzip;q=0":                  false,
		"gzip;q=0.000":              false,
		"gzip;q=0.001":              true,
		"gzip; q=1.0":               true,
		"gzip;q=nonsense":           false,
		"*":                         true,
		"*;q=0":                     false,
		"gzip;q=0, *":               false,
		"gzip, *;q=0":               true,
		"identity;q=0, *":           true,
		"identity;q=1, gzip;q=0.5":  false,
		"identity;q=0.5, gzip":      true,
		"identity;q=0.5, *;q=0.4":   false,
		"identity;q=0.5, gzip;q=.5": true,
		"gzipped":                   false,
		",;gzip":                    false,

		strings.Repeat("br,", 600) + "gzip":             true,
		strings.Repeat("br,", 700) + "gzip":             false,
		"gzip" + strings.Repeat(",br", 10_000):          true,
		"aa," + strings.Repeat("a,", 1020) + "gzip;q=0": false, // which is cut off behind gzip
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
