#!/bin/sh
# Packs the reporter: edge/package.sh BINARIES FOLDER [ARCH…] writes a deb and an
# rpm for amd64, arm64, armv7 and armv6, or for the architectures named, of the
# binaries that edge/build.sh wrote. The same binaries make the same packages.
set -eu

bin=${1:?usage: $0 BINARIES FOLDER [amd64|arm64|armv7|armv6 …]}
out=${2:?usage: $0 BINARIES FOLDER [amd64|arm64|armv7|armv6 …]}
shift 2
[ $# -gt 0 ] || set -- amd64 arm64 armv7 armv6
mkdir -p "$out"
bin=$(cd "$bin" && pwd)
out=$(cd "$out" && pwd)
cd "$(dirname "$0")"

# Packages want a number first: v0.1.0-3-gabc is 0.1.0-3-gabc, abc is 0.0.0-abc.
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}
version=${version#v}
case $version in [0-9]*.[0-9]*) ;; *) version=0.0.0-$version ;; esac
stamp=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nfpm=${NFPM:-$work/nfpm}
[ -x "$nfpm" ] || go -C tools build -o "$nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm

# Packages have programs in /usr/bin; /usr/local is the administrator's.
sed 's|/usr/local/bin/|/usr/bin/|' systemd/sysinfo-reporter.service >"$work/unit"

for arch; do
	case $arch in
	armv[67]) nfpm_arch=arm${arch#armv} ;;
	*) nfpm_arch=$arch ;;
	esac
	export ARCH="$nfpm_arch" VERSION="$version" BINARY="$bin/sysinfo-reporter-linux-$arch" UNIT="$work/unit"
	export SOURCE_DATE_EPOCH="$stamp" # of all files in it
	# The files' names have the builds' words, for Debian calls both kinds of ARM armhf.
	for kind in deb rpm; do
		"$nfpm" package --config packaging/nfpm.yaml --packager "$kind" \
			--target "$out/sysinfo-reporter_${version}_linux_$arch.$kind" >/dev/null
		echo "$out/sysinfo-reporter_${version}_linux_$arch.$kind"
	done
done
