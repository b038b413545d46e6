//go:build go1.24

package nodemetrics

import (
	"bufio"
	"encoding/binary"
	"io"
	"testing"
	"time"
)

// An HTTP/2 connection is told how many requests it may have at once.
func TestHTTP2Streams(t *testing.T) {
	m, roots := secure(t, "http_server_config: {http2: true}\n", nil)
	c := overHTTP2(t, m, roots, tenStreams("/healthz", wide))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	var head [9]byte
	r := bufio.NewReader(c)
	if _, err := io.ReadFull(r, head[:]); err != nil || head[3] != settingsFrame {
		t.Fatalf("the first frame is of the kind %d, error %v", head[3], err)
	}
	settings := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(r, settings); err != nil {
		t.Fatal(err)
	}
	const maxConcurrentStreams = 3
	streams := uint32(0)
	for ; len(settings) >= 6; settings = settings[6:] {
		if binary.BigEndian.Uint16(settings) == maxConcurrentStreams {
			streams = binary.BigEndian.Uint32(settings[2:])
		}
	}
	if streams != 16 {
		t.Errorf("it may have %d requests at once, want 16", streams)
	}
}
