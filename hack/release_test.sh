#!/usr/bin/env bash
# Builds a release twice, from two folders with the same commit, and wants the same
# bytes; then looks whether what is in it is whole and says its version.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
version=v0.0.0-test
export VERSION=$version PLATFORMS=linux/amd64
for copy in one another; do
	git clone -q . "$dir/$copy/source"
	(cd "$dir/$copy/source" && hack/release.sh "$dir/$copy/dist") >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
done
diff -r "$dir/one/dist" "$dir/another/dist" || { echo "the second build has other bytes than the first"; exit 1; }

dist=$dir/one/dist
(cd "$dist" && sha256sum --quiet -c SHA256SUMS)
listed=$(wc -l <"$dist/SHA256SUMS")
there=$(find "$dist" -type f ! -name SHA256SUMS | wc -l)
[ "$listed" = "$there" ] || { echo "SHA256SUMS has $listed files, there are $there"; exit 1; }
for arch in amd64 arm64 armv7 armv6; do
	for name in nodemetrics sysinfo-reporter; do
		tar tzf "$dist/$name-$version-linux-$arch.tar.gz" "$name-$version-linux-$arch/$name" >/dev/null ||
			{ echo "$name for $arch is not in its archive"; exit 1; }
	done
	for kind in deb rpm; do
		compgen -G "$dist/sysinfo-reporter_*_linux_$arch.$kind" >/dev/null || { echo "there is no $kind for $arch"; exit 1; }
	done
done
tar xzf "$dist/nodemetrics-$version-linux-amd64.tar.gz" -C "$dir"
tar xzf "$dist/sysinfo-reporter-$version-linux-amd64.tar.gz" -C "$dir"
if [ "$(uname -m)" = x86_64 ]; then
	for name in nodemetrics sysinfo-reporter; do
		says=$("$dir/$name-$version-linux-amd64/$name" --version)
		[[ $says == "$name $version "* ]] || { echo "$name $version says it is $says"; exit 1; }
	done
fi
for bill in nodemetrics sysinfo-reporter; do
	grep -q '"bomFormat": "CycloneDX"' "$dist/$bill-$version.cdx.json"
	grep -q 'pkg:golang/' "$dist/$bill-$version.cdx.json"
done
# An index with an image for each platform.
tar xf "$dist/sysinfo-reporter-$version.oci.tar" -C "$dir" --one-top-level=image
[ "$(cat "$dir"/image/blobs/sha256/* | grep -ao '"architecture":"[a-z0-9]*","os":"linux"' | sort -u | wc -l)" -ge 3 ] ||
	{ echo "the reporter's image lacks platforms"; exit 1; }
tar tf "$dist/cloudcore-v1.13.0-$version.oci.tar" index.json >/dev/null
echo "a release of $there files, twice the same bytes"
