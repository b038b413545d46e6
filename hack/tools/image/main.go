// Command image makes a container image of one static binary per platform, without
// a daemon, as a tar:
//
//	image -o FILE.tar -tag NAME:TAG [flags] PLATFORM=BINARY...
//	image -show FILE.tar
//
// A platform is os/arch or os/arch/variant. With one, the tar is in the form of
// docker save, which every tool loads; with -oci or several, it is an OCI archive
// with an index of them. The same binaries make the same bytes. -show reads such an
// archive: whether it is whole, and which images are in it.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

type options struct {
	out, tag, target, user, base string
	oci                          bool
	labels                       labels
	binaries                     []string // PLATFORM=BINARY
}

type labels map[string]string

func (l labels) String() string { return "" }

func (l labels) Set(s string) error {
	k, v, ok := strings.Cut(s, "=")
	if !ok {
		return errors.New("must be key=value")
	}
	l[k] = v
	return nil
}

func main() {
	o := options{labels: labels{}}
	flag.StringVar(&o.out, "o", "", "`file` to write")
	flag.StringVar(&o.tag, "tag", "", "`name:tag` of the image")
	flag.StringVar(&o.target, "target", "", "where the binary stands in the image; it is what the image runs")
	flag.StringVar(&o.user, "user", "", "`user:group` that it runs as; root by default")
	flag.StringVar(&o.base, "base", "", "`file` with an image to stand on, as of docker save; nothing by default")
	flag.BoolVar(&o.oci, "oci", false, "write an OCI archive for one platform, too")
	flag.Var(o.labels, "label", "`key=value`, more than once")
	shown := flag.String("show", "", "OCI archive to read: `file`")
	flag.Parse()
	o.binaries = flag.Args()
	do := func() error { return write(o) }
	if *shown != "" {
		do = func() error { return show(*shown, os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func write(o options) error {
	if o.out == "" || o.tag == "" || !path.IsAbs(o.target) || len(o.binaries) == 0 {
		return errors.New("-o, -tag, an absolute -target and a PLATFORM=BINARY are needed")
	}
	tag, err := name.NewTag(o.tag)
	if err != nil {
		return err
	}
	var adds []mutate.IndexAddendum
	var image v1.Image
	for _, b := range o.binaries {
		on, file, ok := strings.Cut(b, "=")
		if !ok {
			return fmt.Errorf("%s: must be PLATFORM=BINARY", b)
		}
		platform, err := v1.ParsePlatform(on)
		if err != nil {
			return err
		}
		if image, err = build(o, *platform, file); err != nil {
			return fmt.Errorf("%s: %w", b, err)
		}
		adds = append(adds, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	if len(adds) == 1 && !o.oci {
		return tarball.WriteToFile(o.out, tag, image)
	}
	index := mutate.IndexMediaType(mutate.AppendManifests(empty.Index, adds...), types.OCIImageIndex)
	return writeArchive(o.out, tag, index)
}

// build returns the image for a platform.
func build(o options, platform v1.Platform, binary string) (v1.Image, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	files, err := files(o.target, data)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if o.base != "" {
		if base, err = tarball.ImageFromPath(o.base, nil); err != nil {
			return nil, err
		}
	}
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = platform.OS, platform.Architecture, platform.Variant
	file.Config.Entrypoint, file.Config.Cmd = []string{o.target}, nil
	if o.user != "" {
		file.Config.User = o.user
	}
	if file.Config.Labels == nil {
		file.Config.Labels = map[string]string{}
	}
	for k, v := range o.labels {
		file.Config.Labels[k] = v
	}
	return mutate.ConfigFile(image, file)
}

// files returns the tar of a layer that has the binary, and the folders above it.
func files(target string, data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, data []byte) error {
		h.Size, h.ModTime, h.Format = int64(len(data)), time.Unix(0, 0), tar.FormatUSTAR
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	}
	target = strings.TrimPrefix(path.Clean(target), "/")
	for i, c := range target {
		if c == '/' {
			if err := add(tar.Header{Typeflag: tar.TypeDir, Name: target[:i+1], Mode: 0o755}, nil); err != nil {
				return nil, err
			}
		}
	}
	if err := add(tar.Header{Typeflag: tar.TypeReg, Name: target, Mode: 0o755}, data); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}

// writeArchive writes an index as an OCI archive: the tar of a layout.
func writeArchive(file string, tag name.Tag, index v1.ImageIndex) error {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := l.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": tag.TagStr(), "io.containerd.image.name": tag.Name(),
	})); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error { // in the order of names
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		in, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(in), Mode: 0o644,
			Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	return errors.Join(err, w.Close(), out.Close())
}
