package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/edgegauge/edgegauge/edge/pkg/plainfile"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// host reads what the node runs: operating system, kernel, edgecore.
func (p *reading) host() (fill, error) {
	kernel, err := readText(p.proc("sys/kernel/osrelease"))
	if err == nil && kernel == "" {
		err = fmt.Errorf("%s is empty", p.proc("sys/kernel/osrelease"))
	}
	if err != nil {
		p.failf("no kernel release: %w", err)
	}
	image, err := p.osImage()
	if err != nil {
		p.fail(err)
	}
	version := p.options.EdgecoreVersion
	if version == "" {
		if path, err := p.resolve(p.options.EdgecorePath); err == nil {
			version = p.version.of(path)
		}
	}
	return func(doc *sysinfo.Document) {
		doc.Host.Kernel, doc.Host.OSImage, doc.Host.EdgecoreVersion = kernel, image, version
	}, nil
}

// osImage returns PRETTY_NAME of os-release(5).
func (p *reading) osImage() (string, error) {
	var errs []error
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		path, err := p.resolve(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		values := map[string]string{}
		err = plainfile.Lines(path, maxReleaseBytes, func(line []byte) {
			if key, value, ok := bytes.Cut(bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))), []byte("=")); ok && !bytes.HasPrefix(key, []byte("#")) {
				values[string(key)] = unquote(string(value))
			}
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if pretty := values["PRETTY_NAME"]; pretty != "" {
			return pretty, nil
		}
		if values["NAME"] == "" {
			return "", fmt.Errorf("%s has neither PRETTY_NAME nor NAME", path)
		}
		return values["NAME"], nil
	}
	return "", errors.Join(errs...)
}

const maxReleaseBytes = 64 << 10

// resolve returns the path of a file of the host's in which no link is left.
// An absolute link of the host's leads from the host's root, where following
// it plainly would lead to the reporter's own.
func (r *Reader) resolve(name string) (string, error) {
	const maxLinks = 40 // as the kernel's
	var (
		at    = "/" // below the host's root, without links
		parts = strings.Split(name, "/")
		links = 0
	)
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		if part == "" || part == "." {
			continue
		}
		next := path.Join(at, part) // of "..", the root at most
		target, err := os.Readlink(r.root(next))
		if err != nil {
			if plainfile.IsMissing(err) {
				return "", err
			}
			at = next // no link
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: too many links", r.root(name))
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		parts = append(strings.Split(target, "/"), parts...)
	}
	return r.root(at), nil
}

// unquote undoes the shell quoting of os-release(5): a backslash escapes any
// character outside of quotes, and those that a shell looks at within double
// ones. A comment after the value is no part of it.
func unquote(s string) string {
	var out strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote != '\'' && i+1 < len(s) && (quote == 0 || strings.IndexByte("\"$`\\", s[i+1]) >= 0):
			i++
			out.WriteByte(s[i])
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '#' && i > 0 && (s[i-1] == ' ' || s[i-1] == '\t'):
			return strings.TrimRight(out.String(), " \t")
		case c == quote && quote != 0:
			quote = 0
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
