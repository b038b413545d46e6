package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// show reads an OCI archive, holds every digest and size in it to what there is, and
// writes a line for each image: its platform, what it runs, as whom, and its version.
func show(file string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := unpackArchive(file, dir); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := validate.Index(top); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		return err
	}
	if len(manifest.Manifests) != 1 || !manifest.Manifests[0].MediaType.IsIndex() {
		return fmt.Errorf("%s: want one index of images in it", file)
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	images, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range images.Manifests {
		image, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := showImage(image, d, out); err != nil {
			return fmt.Errorf("%s: %s: %w", file, d.Platform, err)
		}
	}
	return nil
}

func showImage(image v1.Image, d v1.Descriptor, out io.Writer) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if d.Platform == nil || !config.Platform().Equals(*d.Platform) {
		return fmt.Errorf("the image is for %s", config.Platform())
	}
	_, err = fmt.Fprintln(out, d.Platform, strings.Join(config.Config.Entrypoint, " "), config.Config.User, config.Config.Labels["org.opencontainers.image.version"])
	return err
}

// unpackArchive unpacks the tar of a layout, whose blobs must be what their names say.
func unpackArchive(file, dir string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%s is no file of an image", h.Name)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		// A blob's name is its digest.
		if sum := sha256.Sum256(data); strings.HasPrefix(h.Name, "blobs/") && h.Name != "blobs/sha256/"+hex.EncodeToString(sum[:]) {
			return fmt.Errorf("%s is damaged", h.Name)
		}
		path := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
}
