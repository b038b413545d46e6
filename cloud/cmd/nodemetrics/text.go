package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxText is how much is read of a message to explain, and the longest line of a
// replayed file: twice what any config lets a report have.
const maxText = 32 << 20

// byteOrderMark is what some editors begin a file of UTF-8 with.
var byteOrderMark = []byte("\ufeff")

// foreign says what a text that begins so is, where it cannot be read as JSON, and
// what makes JSON of it.
func foreign(head []byte) error {
	for _, kind := range []struct{ begins, says string }{
		{"\x1f\x8b", "is packed by gzip: unpack it with gunzip, or give the output of zcat by way of -"},
		{"\x28\xb5\x2f\xfd", "is packed by zstd: unpack it with unzstd, or give the output of zstdcat by way of -"},
		{"BZh", "is packed by bzip2: unpack it with bunzip2, or give the output of bzcat by way of -"},
		{"\xfd7zXZ", "is packed by xz: unpack it with unxz, or give the output of xzcat by way of -"},
		{"PK\x03\x04", "is a zip archive: unpack it with unzip"},
		{"\xff\xfe", "is UTF-16, and must be UTF-8: iconv -f UTF-16 -t UTF-8 makes it so"},
		{"\xfe\xff", "is UTF-16, and must be UTF-8: iconv -f UTF-16 -t UTF-8 makes it so"},
	} {
		if bytes.HasPrefix(head, []byte(kind.begins)) {
			return errors.New(kind.says)
		}
	}
	// Without a mark, a brace with a zero byte beside it tells UTF-16.
	if len(head) >= 2 && (head[0] == '{' && head[1] == 0 || head[0] == 0 && head[1] == '{') {
		return errors.New("is UTF-16, and must be UTF-8: iconv -f UTF-16LE -t UTF-8, or UTF-16BE, makes it so")
	}
	return nil
}

// readText reads a file of bounded size, - for standard input, without the mark that
// it may begin with.
func readText(name string) ([]byte, error) {
	in := os.Stdin
	if name != "-" {
		var err error
		if in, err = os.Open(name); err != nil {
			return nil, err
		}
		defer in.Close()
	}
	data, err := io.ReadAll(io.LimitReader(in, maxText+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxText:
		return nil, fmt.Errorf("%s: longer than %d bytes, the limit", name, maxText)
	}
	if err := foreign(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%s: is empty", name)
	}
	return data, nil
}
