package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"
)

const aMessage = `{"route":{"resource":"node/edge-1/default/user/sysinfo"},"content":{"cpu":{"load1":0.5}}}`

// wide is a text as UTF-16 has it, without a mark.
func wide(text string, high int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		pair := []byte{byte(u), byte(u)}
		pair[high], pair[1-high] = byte(u>>8), byte(u)
		b = append(b, pair...)
	}
	return string(b)
}

// texts are files that people have, and what is said of them; "" is for those that can
// be read.
var texts = map[string]struct{ text, says string }{
	"as it should be":       {aMessage + "\n", ""},
	"no newline at the end": {aMessage, ""},
	"lines of Windows":      {aMessage + "\r\n", ""},
	"a mark of UTF-8":       {"\ufeff" + aMessage + "\n", ""},
	"gzip":                  {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "is packed by gzip: unpack it with gunzip"},
	"zstd":                  {"\x28\xb5\x2f\xfd\x04\x00", "is packed by zstd"},
	"bzip2":                 {"BZh91AY&SY", "is packed by bzip2"},
	"xz":                    {"\xfd7zXZ\x00", "is packed by xz"},
	"zip":                   {"PK\x03\x04\x14\x00", "is a zip archive"},
	"UTF-16, little end":    {"\xff\xfe" + wide(aMessage, 1), "is UTF-16, and must be UTF-8"},
	"UTF-16, big end":       {"\xfe\xff" + wide(aMessage, 0), "is UTF-16, and must be UTF-8"},
	"UTF-16 without a mark": {wide(aMessage, 1), "is UTF-16, and must be UTF-8"},
	"UTF-16BE without one":  {wide(aMessage, 0), "is UTF-16, and must be UTF-8"},
}

func TestExplainTexts(t *testing.T) {
	for name, x := range texts {
		out, errs, err := called("explain", file(t, "message.json", x.text))
		if x.says == "" && (err != nil || !strings.Contains(out, `edge_node_load1  0.5`)) {
			t.Errorf("%s: error %v, and\n%s", name, err, out)
		}
		if x.says != "" && (err == nil || out != "" || !strings.Contains(errs, "message.json: "+x.says)) {
			t.Errorf("%s: error %v on standard error, want %q; on standard output\n%s", name, errs, x.says, out)
		}
	}
	for name, x := range map[string]struct{ text, says string }{
		"nothing":          {"", "message.json: is empty"},
		"blank lines":      {" \r\n\n", "message.json: is empty"},
		"a mark alone":     {"\ufeff", "message.json: is empty"},
		"several messages": {aMessage + "\n" + aMessage + "\n", "message.json: has more than one message, and explain takes one; for the first: head -n 1 FILE | nodemetrics explain -"},
		"several reports":  {`{"cpu":{}} {"cpu":{}}`, "has more than one message"},
		"binary":           {"\x7fELF\x02\x01\x01\x00", "message.json: rejected, reason "},
		"too long":         {strings.Repeat(" ", maxText) + "{}", "message.json: longer than 33554432 bytes, the limit"},
	} {
		out, errs, err := called("explain", file(t, "message.json", x.text))
		if err == nil || out != "" || !strings.Contains(errs, x.says) {
			t.Errorf("%s: error %v, want %q; on standard output\n%s", name, errs, x.says, out)
		}
	}
	if _, errs, err := called("explain", t.TempDir()); err == nil || !strings.Contains(errs, "is a directory") {
		t.Errorf("a folder: %s", errs)
	}
}

// TestReplayTexts wants what cannot be read to be said before anything is served, and
// of standard input when it comes.
func TestReplayTexts(t *testing.T) {
	for name, x := range texts {
		path := file(t, "messages.jsonl", x.text)
		in, err := openReplay(path)
		if x.says != "" {
			if err == nil || !strings.Contains(err.Error(), "messages.jsonl: "+x.says) {
				t.Errorf("%s: error %v, want %q", name, err, x.says)
			}
			in = io.NopCloser(strings.NewReader(x.text))
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var out bytes.Buffer
		replay(context.Background(), &out, newModule(t), "captured", in)
		want := "captured: " + x.says
		if x.says == "" {
			want = "Replayed captured: 1 messages accepted, 0 rejected.\n"
		}
		if !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: it said\n%s\nwant one line that begins with %q", name, &out, want)
		}
	}
	for name, x := range map[string]struct{ text, says string }{
		"a message in several lines": {"{\n\"route\": {}}\n", "captured:1: rejected: no beehive message: unexpected end of JSON input; a message stands in one line, as jq -c . writes it\n"},
		"a report alone":             {`{"cpu":{"load1":1}}`, `captured:1: rejected: no beehive message: there is no content; one is {"route":{"resource":"node/edge-1/`},
		"a line that is too long":    {aMessage + "\n" + strings.Repeat(" ", maxText+1) + "\n" + aMessage, "captured:2: longer than 33554432 bytes, the limit of a line; what follows is not read\nReplayed captured: 1 messages accepted, 0 rejected.\n"},
		"nothing":                    {"", "Replayed captured: 0 messages accepted, 0 rejected.\n"},
	} {
		var out bytes.Buffer
		replay(context.Background(), &out, newModule(t), "captured", io.NopCloser(strings.NewReader(x.text)))
		if !strings.HasPrefix(out.String(), x.says) {
			t.Errorf("%s: it said\n%s\nwant\n%s", name, &out, x.says)
		}
	}
	if _, err := openReplay(t.TempDir()); err == nil || !strings.Contains(err.Error(), "must be a file, and is a directory") {
		t.Errorf("a folder: error %v", err)
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// TestOutputIsWritten: what could not be written is no success.
func TestOutputIsWritten(t *testing.T) {
	config := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 7m}}")
	for _, args := range [][]string{
		{"--help"}, {"help"}, {"help", "run"}, {"version"}, {"--version"}, {"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"},
		{"check-config", config}, {"explain", file(t, "message.json", aMessage)},
	} {
		var errs bytes.Buffer
		err := execute(context.Background(), full{}, &errs, args)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%q on a full disk: error %v, and %q", args, err, &errs)
		}
	}
}
