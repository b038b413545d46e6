package nodemetrics

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// Kinds of HTTP/2 frames.
const (
	headersFrame, resetFrame, settingsFrame, windowFrame = 1, 3, 4, 8

	wide = 1<<31 - 1 // a window that no page fills
)

// tenStreams is what an HTTP/2 client says that asks for a page ten times at once,
// with a window of some size for each answer, and a wide one for all of them.
func tenStreams(path string, window uint32) []byte {
	const endStream, endHeaders = 1, 4
	b := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	frame := func(kind, flags byte, stream uint32, payload []byte) {
		b = append(b, 0, byte(len(payload)>>8), byte(len(payload)), kind, flags)
		b = append(binary.BigEndian.AppendUint32(b, stream), payload...)
	}
	frame(settingsFrame, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 4}, window))
	frame(windowFrame, 0, 0, binary.BigEndian.AppendUint32(nil, wide-65535))
	// By HPACK's table: GET, https, and literally :path and :authority.
	fields := append([]byte{0x82, 0x87, 0x04, byte(len(path))}, path...)
	fields = append(fields, 0x01, 1, 'x')
	for i := range uint32(10) {
		frame(headersFrame, endStream|endHeaders, 2*i+1, fields)
	}
	return b
}

// overHTTP2 opens a connection that takes little, once there is a listener, and says
// something.
func overHTTP2(t *testing.T, m *Module, roots *x509.CertPool, say []byte) net.Conn {
	t.Helper()
	var inner net.Conn
	eventually(t, patience, "the listener answers", func() (ok bool) {
		var err error
		inner, err = net.Dial("tcp", m.config.Load().BindAddress)
		return err == nil
	})
	t.Cleanup(func() { inner.Close() })
	_ = inner.(*net.TCPConn).SetReadBuffer(4096)
	c := tls.Client(inner, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", NextProtos: []string{"h2"}})
	if _, err := c.Write(say); err != nil {
		t.Fatal(err)
	}
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Fatalf("the protocol is %q", p)
	}
	return c
}

// Ten scrapes of one HTTP/2 connection whose socket is not read are cut within
// writeTimeout, all of them, and their slots are free again.
func TestHTTP2SocketNotRead(t *testing.T) {
	m, roots := secure(t, "http_server_config: {http2: true}\n", func(c *Config) {
		c.Limits.LabelValueBytes = 512
		c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = 300*time.Millisecond, 10*time.Minute
	})
	fillWith(t, m, 250) // more than the socket's buffers take
	overHTTP2(t, m, roots, tenStreams("/metrics", wide))
	over := func() bool {
		_, count := histogram(t, m.metrics.scrapes.duration)
		return count == 10 && value(m.metrics.scrapes.inFlight) == 0
	}
	eventually(t, patience, "ten scrapes have begun and ended", over)
	eventually(t, patience, "the connection is closed", func() bool { return metricValue(t, m, "nodemetrics_connections", "") == 0 })
	if n := metricValue(t, m, "nodemetrics_connections_closed_total", "stalled"); n != 1 {
		t.Errorf("%v connections are counted as stalled, want 1", n)
	}
}

// Answers that an HTTP/2 client holds back by its window, while the connection works,
// are ended one by one: within scrapeTimeout those of scrapes, within writeTimeout
// those of all other pages.
func TestHTTP2WindowNotOpened(t *testing.T) {
	for path, change := range map[string]func(*Config){
		"/metrics": func(c *Config) {
			c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = 10*time.Minute, time.Second
		},
		"/":        func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = time.Second, 10*time.Minute },
		"/healthz": func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = time.Second, 10*time.Minute },
		"/nowhere": func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = time.Second, 10*time.Minute },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			m, roots := secure(t, "http_server_config: {http2: true}\n", change)
			c := overHTTP2(t, m, roots, tenStreams(path, 0))
			_ = c.SetReadDeadline(time.Now().Add(patience))
			ended := map[uint32]bool{}
			for r := bufio.NewReader(c); len(ended) < 10; {
				var head [9]byte
				if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) && path == "/metrics" {
					break // a scrape that is refused for want of a slot closes the connection
				} else if err != nil {
					t.Fatalf("%d of 10 answers are ended: %v", len(ended), err)
				}
				if head[3] == resetFrame {
					ended[binary.BigEndian.Uint32(head[5:])] = true
				}
				if _, err := r.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, patience, "no scrape is in flight", func() bool { return value(m.metrics.scrapes.inFlight) == 0 })
		})
	}
}
