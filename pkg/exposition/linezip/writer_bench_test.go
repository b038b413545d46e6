//go:build go1.24

package linezip

import (
	"compress/gzip"
	"io"
	"testing"
)

// BenchmarkWriter compresses a page, beside the standard library's.
func BenchmarkWriter(b *testing.B) {
	text := page(10_000)
	level1, err := gzip.NewWriterLevel(nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	level6, err := gzip.NewWriterLevel(nil, 6)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		z    interface {
			io.WriteCloser
			Reset(io.Writer)
		}
	}{{"linezip", NewWriter(nil)}, {"gzip-1", level1}, {"gzip-6", level6}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var n counter
			for b.Loop() {
				n = 0
				c.z.Reset(&n)
				_, _ = c.z.Write(text)
				_ = c.z.Close()
			}
			b.ReportMetric(float64(len(text))/float64(n), "ratio")
		})
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
