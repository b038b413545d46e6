#!/usr/bin/env bash
# Builds a release twice, from two folders with the same commit, and wants the same
# bytes; then looks whether what is in it is whole and says its version. KUBEEDGE= as of
# hack/release.sh leaves cloudcore out, which takes the most time.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
version=v0.0.0-test
export VERSION=$version PLATFORMS=linux/amd64 KUBEEDGE=${KUBEEDGE-v1.13.0}
# Both of the same commit, whatever is committed meanwhile.
for copy in one another; do
	git clone -q . "$dir/$copy/source"
done
for copy in one another; do
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
bills=(nodemetrics sysinfo-reporter)
for kubeedge in $KUBEEDGE; do
	bills+=("cloudcore-$kubeedge")
done
for bill in "${bills[@]}"; do
	bill=$dist/$bill-$version.cdx.json
	for text in '"bomFormat": "CycloneDX"' "pkg:golang/github.com/edgegauge/edgegauge@$version?"; do
		grep -qF "$text" "$bill" || { echo "$bill does not say $text"; exit 1; }
	done
	# A folder of this machine is nobody's module.
	! grep -nE '(devel)|pkg:golang/[./]|"name": "[./]' "$bill" || { echo "$bill has folders for modules"; exit 1; }
done
# An index with an image for each platform, read as a registry's client does.
go -C hack/tools build -o "$dir/image" ./image
images() {
	"$dir/image" -show "$1" >"$dir/images"
	diff "$dir/images" - || { echo "$1 has other images (<) than wanted (>)"; exit 1; }
}
for platform in amd64 arm64 arm/v7 arm/v6; do
	echo "linux/$platform /sysinfo-reporter 65534:65534 $version"
done | images "$dist/sysinfo-reporter-$version.oci.tar"
for kubeedge in $KUBEEDGE; do
	echo "linux/amd64 /usr/local/bin/cloudcore  $version" | images "$dist/cloudcore-$kubeedge-$version.oci.tar"
done
# The chart, and the version in it.
chart=$dist/edgegauge-${version#v}.tgz
tar xzOf "$chart" edgegauge/Chart.yaml >"$dir/Chart.yaml"
for line in "version: ${version#v}" "appVersion: $version"; do
	grep -qx "$line" "$dir/Chart.yaml" || { echo "the chart does not say $line"; exit 1; }
done
tar tzf "$chart" >"$dir/chart"
for file in values.yaml values.schema.json templates/_helpers.tpl templates/NOTES.txt files/edgegauge.rules.yaml .helmignore; do
	grep -qx "edgegauge/$file" "$dir/chart" || { echo "the chart has no $file"; exit 1; }
done
! grep -v '^edgegauge/' "$dir/chart" || { echo "the chart has files beside its folder"; exit 1; }
echo "a release of $there files, twice the same bytes"
