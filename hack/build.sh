#!/bin/sh
# Builds the command nodemetrics with its version in it: hack/build.sh FILE.
# VERSION is that version, else what git says.
set -eu

file=$(realpath -m "${1:?usage: $0 FILE}")
cd "$(dirname "$0")/../cloud/cmd/nodemetrics"
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}
mkdir -p "$(dirname "$file")"
CGO_ENABLED=0 go build -trimpath \
	-ldflags "-X github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics.stamped=$version" -o "$file" .
