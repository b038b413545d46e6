package exposition

import "testing"

func TestNegotiate(t *testing.T) {
	const (
		text004     = "text/plain; version=0.0.4; charset=utf-8"
		text100     = "text/plain; version=1.0.0; charset=utf-8"
		openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	)
	for name, test := range map[string]struct {
		accept      string
		format      Format
		contentType string
	}{
		"none":                          {"", Text004, text004},
		"Prometheus 2.0":                {"text/plain;version=0.0.4;q=1,*/*;q=0.1", Text004, text004},
		"Prometheus 2.5":                {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text004, text004},
		"Prometheus 2.42":               {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OpenMetrics, openMetrics},
		"Prometheus 2.53":               {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", OpenMetrics, openMetrics},
		"Prometheus 2.53 with protobuf": {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", OpenMetrics, openMetrics},
		"Prometheus 3": {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
			OpenMetrics, openMetrics + "; escaping=allow-utf-8"},
		"Prometheus 3, text first": {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2",
			Text100, text100 + "; escaping=allow-utf-8"},
		"Prometheus 3, text 0.0.4 alone": {"text/plain;version=0.0.4;q=0.5,*/*;q=0.2", Text004, text004},
		"Prometheus 3, legacy names": {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.2",
			OpenMetrics, openMetrics + "; escaping=underscores"},
		"curl":    {"*/*", Text004, text004},
		"Firefox": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Text004, text004},
		"Chrome":  {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", Text004, text004},

		"any text":                       {"text/*", Text004, text004},
		"any application":                {"application/*", OpenMetrics, openMetrics},
		"OpenMetrics of any version":     {"application/openmetrics-text", OpenMetrics, openMetrics},
		"OpenMetrics of a later one":     {"application/openmetrics-text;version=2.0.0", Text004, text004},
		"text of any version":            {"text/plain", Text004, text004},
		"text of a later one":            {"text/plain;version=2.0.0, application/openmetrics-text;q=0.1", OpenMetrics, openMetrics},
		"what there is not":              {"application/json", Text004, text004},
		"protobuf alone":                 {"application/vnd.google.protobuf", Text004, text004},
		"OpenMetrics not at all":         {"application/openmetrics-text;q=0, text/plain;version=1.0.0;q=0.001", Text100, text100},
		"nothing at all":                 {"application/openmetrics-text;q=0, text/plain;q=0.0", Text004, text004},
		"a q beyond 1":                   {"application/openmetrics-text;q=7, text/plain;q=0.1", Text004, text004},
		"a q that is no number":          {"application/openmetrics-text;q=NaN, text/plain;version=1.0.0;q=0.1", Text100, text100},
		"of equals the newest":           {"text/plain;version=0.0.4, text/plain;version=1.0.0, application/openmetrics-text", OpenMetrics, openMetrics},
		"of equals the newest, turned":   {"application/openmetrics-text, text/plain;version=1.0.0, text/plain;version=0.0.4", OpenMetrics, openMetrics},
		"the greatest q":                 {"application/openmetrics-text;q=0.1, text/plain;version=1.0.0;q=0.3, text/plain;q=0.2", Text100, text100},
		"capitals, space and quotes":     {` Application/OpenMetrics-Text ; Version="1.0.0" ; Q=1 `, OpenMetrics, openMetrics},
		"all escapings":                  {"text/plain;version=1.0.0;escaping=dots", Text100, text100 + "; escaping=dots"},
		"values":                         {"text/plain;version=1.0.0;escaping=values", Text100, text100 + "; escaping=values"},
		"an unknown escaping":            {"text/plain;version=1.0.0;escaping=\r\nX-Evil: 1", Text100, text100},
		"escaping, for a format without": {"text/plain;version=0.0.4;escaping=dots", Text004, text004},
		"escaping of what is not chosen": {"text/plain;version=1.0.0;escaping=dots;q=0.1, application/openmetrics-text", OpenMetrics, openMetrics},
		"garbage":                        {";;=,,q=1;,=;\x00\xff,text/plain;=;version", Text004, text004},
	} {
		t.Run(name, func(t *testing.T) {
			format, contentType := Negotiate(test.accept)
			if format != test.format || contentType != test.contentType {
				t.Errorf("%q gives %v, %q; want %v, %q", test.accept, format, contentType, test.format, test.contentType)
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
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
