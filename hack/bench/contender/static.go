package contender

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
)

// static serves bytes made beforehand: what no contender can be below. It
// ignores reports.
type static struct {
	page     []byte
	encoding string
}

func newStaticPlain(o Options) (Contender, error) { return &static{page: Page(o.Data)}, nil }

func newStaticGzip(o Options) (Contender, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, 6)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(Page(o.Data)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &static{page: bytes.Clone(buf.Bytes()), encoding: "gzip"}, nil
}

// Page is the page of round 0 in the text format.
func Page(d *Data) []byte {
	all := make([]Values, d.Fleet.Len())
	for i := range all {
		all[i] = d.Report(i, 0).Values
	}
	var page []byte
	for i := range Families {
		f := &Families[i]
		page = append(page, "# HELP "+f.Name+" "+help+"\n# TYPE "+f.Name+" gauge\n"...)
		for n := range all {
			node := d.Fleet.Name(n)
			for _, k := range f.Series {
				page = AppendSeries(page, node, &Layout[k])
				page = append(page, ' ')
				page = strconv.AppendFloat(page, all[n][k], 'g', -1, 64)
				page = append(page, '\n')
			}
		}
	}
	return bytes.Clone(page)
}

func (s *static) Prepare(Report) func() error { return func() error { return nil } }

func (s *static) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; version=0.0.4")
		h.Set("Content-Length", strconv.Itoa(len(s.page)))
		if s.encoding != "" {
			h.Set("Content-Encoding", s.encoding)
		}
		_, _ = w.Write(s.page)
	})
}
