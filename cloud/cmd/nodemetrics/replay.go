package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// maxLine is the longest line of a replayed file; reports have their own limit.
const maxLine = 64 << 20

func openReplay(name string) (io.ReadCloser, error) {
	if name == "-" {
		return os.Stdin, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("messages to replay: %w", err)
	}
	return f, nil
}

// progressEvery is how often a long replay tells how far it is.
const progressEvery = 5 * time.Second

// replay has m handle the messages in the lines of in, as they come, and says
// what became of them. It ends with the lines, or when ctx is done.
func replay(ctx context.Context, out io.Writer, m *nodemetrics.Module, name string, in io.ReadCloser) {
	defer in.Close()
	size := sizeOf(in)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	var read int64
	accepted, rejected := 0, 0
	start := time.Now()
	told := start
	for n := 1; lines.Scan(); n++ {
		if ctx.Err() != nil {
			return
		}
		read += int64(len(lines.Bytes())) + 1
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			fmt.Fprintf(out, "Replaying %s: %s, %d messages accepted, %d rejected.\n", name, progress(read, size, now.Sub(start)), accepted, rejected)
		}
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		msg, err := readMessage([]byte(text))
		if err == nil {
			_, err = m.Handle(msg)
		}
		if err == nil {
			accepted++
			continue
		}
		const shown = 20
		if rejected++; rejected <= shown {
			fmt.Fprintf(out, "%s:%d: rejected: %v\n", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintf(out, "%s: %v\n", name, err)
	}
	fmt.Fprintf(out, "Replayed %s: %d messages accepted, %d rejected.\n", name, accepted, rejected)
	for _, d := range m.Dropped() {
		fmt.Fprintf(out, "%d samples dropped, reason %s. The newest: %s\n", d.Samples, d.Reason, d.Example)
	}
}

// sizeOf is how many bytes there are to read, 0 if nobody knows beforehand.
func sizeOf(in io.Reader) int64 {
	f, ok := in.(*os.File)
	if !ok {
		return 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// progress tells how far a replay is, and, if the whole size is known, how long
// the rest will take at this pace.
func progress(read, size int64, elapsed time.Duration) string {
	if size <= 0 || read <= 0 || read > size {
		return fmt.Sprintf("%.1f MB in %v", float64(read)/1e6, elapsed.Round(time.Second))
	}
	left := time.Duration(float64(elapsed) * float64(size-read) / float64(read))
	return fmt.Sprintf("%d %% of %.1f MB, %v to go", 100*read/size, float64(size)/1e6, left.Round(time.Second))
}

// readMessage reads a beehive message as JSON. Content that was bytes is base64
// there; content that was an object or a string stands as it is.
func readMessage(data []byte) (*model.Message, error) {
	var m struct {
		Header  model.MessageHeader `json:"header"`
		Router  model.MessageRoute  `json:"route"`
		Content json.RawMessage     `json:"content"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("no beehive message: %w", err)
	}
	if len(m.Content) == 0 {
		return nil, errors.New("no beehive message: there is no content")
	}
	msg := &model.Message{Header: m.Header, Router: m.Router}
	var text string
	if m.Content[0] != '"' {
		msg.Content = []byte(m.Content)
	} else if err := json.Unmarshal(m.Content, &text); err != nil {
		return nil, fmt.Errorf("no beehive message: content: %w", err)
	} else if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		msg.Content = raw
	} else {
		msg.Content = text
	}
	return msg, nil
}
