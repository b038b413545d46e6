#!/usr/bin/env bash
# Builds everything that a release has into a folder:
#
#   hack/release.sh [FOLDER]        default dist
#
# VERSION is the release's (default: what git says). KUBEEDGE are the versions of
# KubeEdge to make a cloudcore for (default v1.13.0; any other comes from the folder
# that KUBEEDGE_TREES names, or is cloned; empty makes none), PLATFORMS what
# cloudcore's images are for (default linux/amd64 linux/arm64; linux/arm/v7 is possible). Each of these takes
# minutes to compile from an empty cache. The reporter and nodemetrics are for all
# architectures, always. The same commit makes the same bytes: hack/release_test.sh
# tries.
set -euo pipefail
cd "$(dirname "$0")/.."
hack/need-go.sh

out=$(realpath -m "${1:-dist}")
version=${VERSION:-$(git describe --tags --always --dirty)}
export VERSION=$version EDGEGAUGE_VERSION=$version CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false ${GOFLAGS:-}"
# Everything is as old as the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

step() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step "tools"
go -C hack/tools build -o "$work/image" ./image
go -C hack/release build -o "$work/sbom" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# archive NAME FILE...: a tar.gz with a folder of that name.
archive() {
	local name=$1
	shift
	mkdir "$work/$name"
	cp "$@" "$work/$name/"
	chmod 0755 "$work/$name"/*
	chmod 0644 "$work/$name"/{LICENSE,*.md,*.service} 2>/dev/null || true
	tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar -cf - "$name" |
		gzip -n -9 >"$out/$name.tar.gz"
	rm -r "${work:?}/$name"
}

# labels TITLE: those of an image.
labels() {
	echo -label "org.opencontainers.image.title=$1" -label "org.opencontainers.image.version=$version" \
		-label org.opencontainers.image.licenses=Apache-2.0 -label org.opencontainers.image.source=https://github.com/edgegauge/edgegauge \
		-label "org.opencontainers.image.revision=$(git rev-parse HEAD)"
}

# bill NAME VERSION BINARY: what is in a binary. Of the binary, not of the source: there
# the bill has a digest of the folder.
bill() {
	local file=$out/$1-$version.cdx.json module was at
	"$work/sbom" bin -json -noserial -notimestamp -std -version "$2" -output "$file" "$3" 2>"$work/log" ||
		{ cat "$work/log" >&2; exit 1; }
	# A module that comes from a folder is called by the folder there, of no version.
	while read -r module was at; do
		[ "$module" != github.com/edgegauge/edgegauge ] || was=$version
		at=${at//./\\.}
		sed -i -e "s|pkg:golang/$at@(devel)|pkg:golang/$module@$was|g" \
			-e "\\|\"name\": \"$at\"|{s|\"$at\"|\"$module\"|;n;s|(devel)|$was|}" "$file"
	done < <(go version -m "$3" | awk '$1 == "dep" { module = $2; was = $3 } $1 == "=>" && $2 ~ /^\.?\.?\// { print module, was, $2 }')
}

# An architecture is named as people name the boards; Go and images have two names.
arches=(amd64 arm64 armv7 armv6)
goarch() { case $1 in armv*) echo arm ;; *) echo "$1" ;; esac; }
goarm() { case $1 in armv*) echo "${1#armv}" ;; esac; }
platform() { case $1 in armv*) echo "linux/arm/${1#arm}" ;; *) echo "linux/$1" ;; esac; }

images=()
for arch in "${arches[@]}"; do
	step "nodemetrics, sysinfo-reporter: $arch"
	mkdir "$work/$arch"
	export GOOS=linux GOARCH GOARM
	GOARCH=$(goarch "$arch") GOARM=$(goarm "$arch")
	go build -C cloud/cmd/nodemetrics -o "$work/$arch/nodemetrics" \
		-ldflags "-s -w -buildid= -X github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics.stamped=$version" .
	go build -C edge/cmd/sysinfo-reporter -o "$work/$arch/sysinfo-reporter" -ldflags "-s -w -buildid= -X main.version=$version" .
	archive "nodemetrics-$version-linux-$arch" "$work/$arch/nodemetrics" LICENSE README.md
	archive "sysinfo-reporter-$version-linux-$arch" "$work/$arch/sysinfo-reporter" LICENSE edge/README.md edge/systemd/sysinfo-reporter.service
	images+=("$(platform "$arch")=$work/$arch/sysinfo-reporter")
	mkdir -p "$work/reporters"
	cp "$work/$arch/sysinfo-reporter" "$work/reporters/sysinfo-reporter-linux-$arch"
done
unset GOOS GOARCH GOARM

step "the bills of materials"
for command in nodemetrics sysinfo-reporter; do
	bill "$command" "$version" "$work/amd64/$command"
done

step "the reporter's image"
# shellcheck disable=SC2046 # words
"$work/image" -oci -o "$out/sysinfo-reporter-$version.oci.tar" -tag "edgegauge/sysinfo-reporter:$version" \
	-target /sysinfo-reporter -user 65534:65534 $(labels sysinfo-reporter) "${images[@]}"

for kubeedge in ${KUBEEDGE-v1.13.0}; do
	step "cloudcore $kubeedge"
	images=()
	for p in ${PLATFORMS:-linux/amd64 linux/arm64}; do
		binary=$work/cloudcore-${p//\//-}
		arch=${p#linux/} # such as arm64 or arm/v7
		GOOS=linux GOARCH=${arch%/*} GOARM=$(sed -n 's|^arm/v||p' <<<"$arch") QUIET=1 hack/kubeedge/build.sh "$kubeedge" "$binary"
		images+=("$p=$binary")
	done
	# shellcheck disable=SC2046 # words
	"$work/image" -oci -o "$out/cloudcore-$kubeedge-$version.oci.tar" -tag "edgegauge/cloudcore:$kubeedge-$version" \
		-target /usr/local/bin/cloudcore $(labels cloudcore) "${images[@]}"
	bill "cloudcore-$kubeedge" "$kubeedge" "${images[0]#*=}"
done

step "the reporter's packages"
edge/package.sh "$work/reporters" "$out"

step "the chart"
# Helm wants a semantic version without a v: v0.1.0-3-gabc is 0.1.0-3-gabc, and a
# commit alone is 0.0.0-gabc.
chart=${version#v}
[[ $chart =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$ ]] || chart=0.0.0-g$version
mkdir "$work/edgegauge"
(cd manifests/chart && git ls-files -z | xargs -0 cp --parents -t "$work/edgegauge")
sed -i -e "s|^version: .*|version: $chart|" -e "s|^appVersion: .*|appVersion: $version|" "$work/edgegauge/Chart.yaml"
# As helm package does, which would write the time of day into it.
tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar -cf - edgegauge |
	gzip -n -9 >"$out/edgegauge-$chart.tgz"

step "checksums"
(cd "$out" && sha256sum -- * >SHA256SUMS)
ls -l "$out"
