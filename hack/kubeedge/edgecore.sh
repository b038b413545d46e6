#!/usr/bin/env bash
# Builds the stock edgecore of a KubeEdge tree, for the tests. Nothing is written
# into the tree. It needs cgo, for sqlite.
#
#   hack/kubeedge/edgecore.sh TREE|VERSION OUT
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -eq 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m "$2")
find_tree "$1"

begin "copy go.mod and go.sum"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$tree/go.mod" "$tree/go.sum" "$work"
chmod u+w "$work"/go.*

begin "compile"
mkdir -p "$(dirname "$out")"
CGO_ENABLED=1 go build -C "$tree" -mod=mod -modfile="$work/go.mod" -buildvcs=false -p "${BUILD_JOBS:-$(nproc)}" -trimpath \
	-ldflags "-s -w ${stamps[*]}" -o "$out" ./edge/cmd/edgecore || fail "the compiler's words are above" "does the tree build by itself?"
say "built $out"
