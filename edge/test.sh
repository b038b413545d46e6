#!/bin/bash
# Tests the edge side against real programs: mosquitto, node_exporter, other
# processors under qemu. Installs from Debian what is missing. The tests that
# need nothing are in it too, so this is all there is to run for edge/.
set -euo pipefail
cd "$(dirname "$0")"

packages=
need() { command -v "$1" >/dev/null || packages="$packages $2"; }
PATH=$PATH:/usr/sbin:/sbin
need mosquitto mosquitto
need prometheus-node-exporter prometheus-node-exporter
need qemu-aarch64 qemu-user
need qemu-arm qemu-user
if [ -n "$packages" ]; then
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -q
	# Only the programs: as services they would take the ports of this machine.
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends $packages
fi

test -z "$(gofmt -l .)" || { gofmt -l -d .; exit 1; }
go vet ./...
go test -shuffle=on ./...

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
./build.sh "$bin"
cd cmd/sysinfo-reporter
go vet -tags debian .
SYSINFO_REPORTER_BINARIES=$bin go test -tags debian -shuffle=on -v -timeout 3m . | sed -n '/^=== /d; /^    --- PASS/d; p'
