package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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
		return nil, fmt.Errorf("--replay: %w", err)
	}
	return f, nil
}

// replay has m handle the messages in the lines of in, as they come, and says
// what became of them.
func replay(out io.Writer, m *nodemetrics.Module, name string, in io.ReadCloser) {
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	accepted, rejected := 0, 0
	for n := 1; lines.Scan(); n++ {
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
		const told = 20
		if rejected++; rejected <= told {
			fmt.Fprintf(out, "%s:%d: rejected: %v\n", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintf(out, "%s: %v\n", name, err)
	}
	fmt.Fprintf(out, "Replayed %s: %d messages accepted, %d rejected.\n", name, accepted, rejected)
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
