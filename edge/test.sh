#!/bin/bash
# Tests the edge side against real programs: mosquitto, node_exporter, other
# processors under qemu, faults put in by strace. Installs from Debian what is missing. The tests that
# need nothing are in it too, so this is all there is to run for edge/.
set -euo pipefail
cd "$(dirname "$0")"

PATH=$PATH:/usr/sbin:/sbin
# Only the programs: as services they would take the ports of this machine.
../hack/packages.sh mosquitto=mosquitto mosquitto_sub=mosquitto-clients prometheus-node-exporter=prometheus-node-exporter \
	qemu-aarch64=qemu-user qemu-arm=qemu-user rpm=rpm systemd-analyze=systemd strace=strace

test -z "$(gofmt -l .)" || { gofmt -l -d .; exit 1; }
go vet ./...
../hack/gotest.sh edge -shuffle=on ./...

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
./build.sh "$bin"
export REPORTER_BINARIES=$bin REPORTER_PACKAGES=$bin/packages NFPM=$bin/nfpm
go -C tools build -o "$NFPM" github.com/goreleaser/nfpm/v2/cmd/nfpm
./package.sh "$bin" "$REPORTER_PACKAGES"
# Files that hang, trickle and fail: this takes root and /dev/fuse.
go -C fault vet .
../hack/gotest.sh edge/fault -count=1 -parallel 8 -timeout 5m .
cd cmd/sysinfo-reporter
go vet -tags debian .
../../../hack/gotest.sh edge/cmd/sysinfo-reporter -tags debian -shuffle=on -v -timeout 8m . | sed -n '/^=== /d; /^    --- PASS/d; p'
