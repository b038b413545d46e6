#!/bin/sh
# Builds the reporter as static binaries: edge/build.sh FOLDER [ARCH…]
# writes FOLDER/sysinfo-reporter-linux-ARCH for amd64, arm64, armv7 and armv6, or for
# the architectures named.
set -eu

out=${1:?usage: $0 FOLDER [amd64|arm64|armv7|armv6 …]}
shift
[ $# -gt 0 ] || set -- amd64 arm64 armv7 armv6
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/cmd/sysinfo-reporter"
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}

for arch; do
	case $arch in
	armv[67]) goarch=arm goarm=${arch#armv} ;;
	*) goarch=$arch goarm= ;;
	esac
	CGO_ENABLED=0 GOOS=linux GOARCH=$goarch GOARM=$goarm go build -trimpath \
		-ldflags "-s -w -X main.version=$version" -o "$out/sysinfo-reporter-linux-$arch" .
	echo "$out/sysinfo-reporter-linux-$arch"
done
