package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestShow reads what write wrote, and sees when it is damaged.
func TestShow(t *testing.T) {
	o := options{user: "65534:65534", labels: labels{"org.opencontainers.image.version": "v7"}, binaries: []string{
		"linux/amd64=" + binary(t, "amd"), "linux/arm64=" + binary(t, "arm"), "linux/arm/v7=" + binary(t, "seven"), "linux/arm/v6=" + binary(t, "six"),
	}}
	file := made(t, o)
	var out bytes.Buffer
	if err := show(file, &out); err != nil {
		t.Fatal(err)
	}
	const want = `linux/amd64 /usr/local/bin/program 65534:65534 v7
linux/arm64 /usr/local/bin/program 65534:65534 v7
linux/arm/v7 /usr/local/bin/program 65534:65534 v7
linux/arm/v6 /usr/local/bin/program 65534:65534 v7
`
	if out.String() != want {
		t.Errorf("shown is\n%s\nwant\n%s", &out, want)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, data []byte) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "damaged.tar")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := show(file, &out); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	damaged("another platform in the index", bytes.ReplaceAll(data, []byte(`"arm64"`), []byte(`"amd64"`)))
	damaged("another user in a config", bytes.Replace(data, []byte("65534:65534"), []byte("00000:65534"), 1))
	damaged("cut", data[:len(data)/2])
	damaged("nothing", nil)
}
