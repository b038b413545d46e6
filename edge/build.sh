#!/bin/sh
# Builds the reporter as static binaries: edge/build.sh FOLDER [ARCH…]
# writes FOLDER/sysinfo-reporter-linux-ARCH for amd64, arm64 and armv7, or for
# the architectures named.
set -eu

out=${1:?usage: $0 FOLDER [amd64|arm64|armv7 …]}
shift
[ $# -gt 0 ] || set -- amd64 arm64 armv7
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/cmd/sysinfo-reporter"
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}

for arch; do
	case $arch in
	armv7) goarch=arm goarm=7 ;;
	*) goarch=$arch goarm= ;;
	esac
	CGO_ENABLED=0 GOOS=linux GOARCH=$goarch GOARM=$goarm go build -trimpath \
		-ldflags "-s -w -X main.version=$version" -o "$out/sysinfo-reporter-linux-$arch" .
	echo "$out/sysinfo-reporter-linux-$arch"
done
