package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

func openReplay(name string) (io.ReadCloser, error) {
	if name == "-" {
		return os.Stdin, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("messages to replay: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("must be a file, and is a directory")
	case info.Mode().IsRegular():
		// What comes by a pipe is looked at when it comes.
		head := make([]byte, 8)
		n, _ := f.ReadAt(head, 0)
		err = foreign(head[:n])
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("messages to replay: %s: %w", name, err)
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
	lines.Buffer(nil, maxText)
	var read int64
	accepted, rejected := 0, 0
	start := time.Now()
	told := start
	n := 1
	for ; lines.Scan(); n++ {
		if ctx.Err() != nil {
			return
		}
		if n == 1 {
			if err := foreign(lines.Bytes()); err != nil {
				fmt.Fprintf(out, "%s: %v\n", name, err)
				return
			}
		}
		read += int64(len(lines.Bytes())) + 1
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			fmt.Fprintf(out, "Replaying %s: %s, %d messages accepted, %d rejected.\n", name, progress(read, size, now.Sub(start)), accepted, rejected)
		}
		text := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), byteOrderMark))
		if len(text) == 0 {
			continue
		}
		msg, err := readMessage(text)
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
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		fmt.Fprintf(out, "%s:%d: longer than %d bytes, the limit of a line; what follows is not read\n", name, n, maxText)
	case err != nil:
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
		if err.Error() == "unexpected end of JSON input" {
			return nil, fmt.Errorf("no beehive message: %w; a message stands in one line, as jq -c . writes it", err)
		}
		return nil, fmt.Errorf("no beehive message: %w", err)
	}
	if len(m.Content) == 0 {
		return nil, errors.New(`no beehive message: there is no content; one is {"route":{"resource":"node/edge-1/default/user/sysinfo"},"content":{…}}`)
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
