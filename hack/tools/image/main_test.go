package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func binary(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func made(t *testing.T, o options) string {
	t.Helper()
	o.out = filepath.Join(t.TempDir(), "image.tar")
	o.tag, o.target = "example.com/a/program:v1", "/usr/local/bin/program"
	if err := write(o); err != nil {
		t.Fatal(err)
	}
	return o.out
}

// wantImage looks into an image as a container runtime would.
func wantImage(t *testing.T, image v1.Image, platform, content string) {
	t.Helper()
	c, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Platform().String(); got != platform {
		t.Errorf("it is for %s, want %s", got, platform)
	}
	if want := []string{"/usr/local/bin/program"}; !reflect.DeepEqual(c.Config.Entrypoint, want) || c.Config.User != "65534:65534" || c.Config.Labels["a"] != "b=c" {
		t.Errorf("it runs %v as %q with the labels %v", c.Config.Entrypoint, c.Config.User, c.Config.Labels)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) == 0 {
		t.Fatalf("%d layers, error %v", len(layers), err)
	}
	r, err := layers[len(layers)-1].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.Typeflag == tar.TypeReg {
			if data, err := io.ReadAll(files); err != nil || string(data) != content || h.Mode != 0o755 || h.Uid != 0 {
				t.Errorf("%s has %q, mode %o, owner %d; error %v", h.Name, data, h.Mode, h.Uid, err)
			}
		}
	}
	if want := []string{"usr/", "usr/local/", "usr/local/bin/", "usr/local/bin/program"}; !reflect.DeepEqual(names, want) {
		t.Errorf("the layer has %q", names)
	}
}

func TestOnePlatform(t *testing.T) {
	o := options{user: "65534:65534", labels: labels{"a": "b=c"}, binaries: []string{"linux/amd64=" + binary(t, "one")}}
	file := made(t, o)
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantImage(t, image, "linux/amd64", "one")
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(file) })
	if err != nil || len(manifest) != 1 || !reflect.DeepEqual(manifest[0].RepoTags, []string{"example.com/a/program:v1"}) {
		t.Errorf("tags %v, error %v", manifest, err)
	}

	// On another image.
	o.base, o.binaries = file, []string{"linux/amd64=" + binary(t, "two")}
	if image, err = tarball.ImageFromPath(made(t, o), nil); err != nil {
		t.Fatal(err)
	}
	wantImage(t, image, "linux/amd64", "two")
	if layers, err := image.Layers(); err != nil || len(layers) != 2 {
		t.Errorf("%d layers, error %v; want the base's and ours", len(layers), err)
	}
}

func TestSeveralPlatforms(t *testing.T) {
	o := options{user: "65534:65534", labels: labels{"a": "b=c"}, binaries: []string{
		"linux/amd64=" + binary(t, "amd"), "linux/arm64=" + binary(t, "arm"), "linux/arm/v7=" + binary(t, "old"),
	}}
	path := unpack(t, made(t, o))
	outer, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	list, err := outer.IndexManifest()
	if err != nil || len(list.Manifests) != 1 || list.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "v1" {
		t.Fatalf("the archive has %v, error %v; want one index with its tag", list, err)
	}
	index, err := outer.ImageIndex(list.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if list, err = index.IndexManifest(); err != nil || len(list.Manifests) != 3 {
		t.Fatalf("the index has %v, error %v", list, err)
	}
	for i, want := range []struct{ platform, content string }{{"linux/amd64", "amd"}, {"linux/arm64", "arm"}, {"linux/arm/v7", "old"}} {
		image, err := index.Image(list.Manifests[i].Digest)
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Manifests[i].Platform.String(); got != want.platform {
			t.Errorf("the index has %s, want %s", got, want.platform)
		}
		wantImage(t, image, want.platform, want.content)
	}
	o.binaries, o.oci = o.binaries[:1], true
	if one, err := unpack(t, made(t, o)).ImageIndex(); err != nil {
		t.Errorf("an archive of one platform: %v", err)
	} else if m, err := one.IndexManifest(); err != nil || len(m.Manifests) != 1 {
		t.Errorf("an archive of one platform has %v, error %v", m, err)
	}
}

// TestSameBytes makes each form twice.
func TestSameBytes(t *testing.T) {
	one, two := binary(t, "one"), binary(t, "two")
	for name, binaries := range map[string][]string{
		"one":     {"linux/amd64=" + one},
		"several": {"linux/amd64=" + one, "linux/arm64=" + two},
	} {
		o := options{binaries: binaries, labels: labels{"a": "1", "b": "2", "c": "3"}}
		a, err := os.ReadFile(made(t, o))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(made(t, o))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: the second differs from the first, error %v", name, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	file := binary(t, "x")
	good := options{out: filepath.Join(t.TempDir(), "o"), tag: "a:b", target: "/a", binaries: []string{"linux/amd64=" + file}}
	for says, change := range map[string]func(*options){
		"are needed":        func(o *options) { o.out = "" },
		"absolute -target":  func(o *options) { o.target = "a" },
		"must be PLATFORM":  func(o *options) { o.binaries = []string{file} },
		"no such file":      func(o *options) { o.binaries = []string{"linux/amd64=" + file + "x"} },
		"can only contain":  func(o *options) { o.tag = "A b:c" },
		"none.tar: no such": func(o *options) { o.base = "none.tar" },
		"too many slashes":  func(o *options) { o.binaries = []string{"a/b/c/d/e=" + file} },
	} {
		o := good
		change(&o)
		if err := write(o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
	if err := (labels{}).Set("novalue"); err == nil {
		t.Error("a label without a value is taken")
	}
}

// unpack returns the layout in an OCI archive.
func unpack(t *testing.T, file string) layout.Path {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for files := tar.NewReader(f); ; {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var version struct{ ImageLayoutVersion string }
	if data, err := os.ReadFile(filepath.Join(dir, "oci-layout")); err != nil || json.Unmarshal(data, &version) != nil || version.ImageLayoutVersion != "1.0.0" {
		t.Errorf("it is no OCI layout: %s, error %v", data, err)
	}
	return layout.Path(dir)
}
