#!/usr/bin/env bash
# Compiles cloudcore with the exporter and tests it against v1.13.0, which is
# published as Go modules, and in every tree that KUBEEDGE_TREES, a folder, has as
# kubeedge-<version>.tar.gz. ONLY="v1.20.0 ..." leaves out the others.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

echo "== v1.13.0, published modules"
go -C "$root/cloud/cmd/cloudcore" vet .
go -C "$root/cloud/cmd/cloudcore" test -count=1 .
"$here/record.sh" v1.13.0 tested

found=0
for archive in "${KUBEEDGE_TREES:-/nonexistent}"/kubeedge-v*.tar.gz; do
	[ -f "$archive" ] || continue
	version=$(basename "$archive" .tar.gz)
	version=${version#kubeedge-}
	[[ " ${ONLY:-$version} " == *" $version "* ]] || continue
	found=$((found + 1))
	echo "== $version, its tree ($SECONDS s so far)"
	"$here/test.sh" "$version" -count=1
done
[ $found -gt 0 ] || echo "skipped: all versions but v1.13.0, for KUBEEDGE_TREES ('${KUBEEDGE_TREES:-}') names no folder with kubeedge-<version>.tar.gz"
