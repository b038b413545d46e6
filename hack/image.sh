#!/bin/sh
# Makes the container image of cloudcore with the exporter, without a daemon:
#
#   hack/image.sh [BINARY]
#
# writes bin/image/cloudcore.tar. BINARY is a static cloudcore that is there already;
# without it, that of the KubeEdge that KUBEEDGE names is built first, a version or
# a tree (default v1.23.1, see hack/kubeedge/build.sh).
# TAG is the image's name (default edgegauge/cloudcore:<version>). BASE is a file as
# of docker save with an image to stand on. Without it the image has nothing but the
# binary, which is enough where modules.iptablesManager is off or external: its
# internal mode calls iptables.
set -eu

cd "$(dirname "$0")/.."
hack/need-go.sh
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}
tag=${TAG:-edgegauge/cloudcore:$version}
arch=${GOARCH:-$(go env GOARCH)}
mkdir -p bin/image

binary=${1:-}
if [ -z "$binary" ]; then
	binary=bin/image/cloudcore
	QUIET=1 GOOS=linux GOARCH=$arch CGO_ENABLED=0 EDGEGAUGE_VERSION=$version \
		hack/kubeedge/build.sh "${KUBEEDGE:-v1.23.1}" "$binary"
fi
GOOS='' GOARCH='' go -C hack/tools build -o ../../bin/image/make ./image
bin/image/make -o bin/image/cloudcore.tar -tag "$tag" -target /usr/local/bin/cloudcore ${BASE:+-base "$BASE"} \
	-label "org.opencontainers.image.title=cloudcore with edgegauge" \
	-label "org.opencontainers.image.version=$version" \
	-label "org.opencontainers.image.licenses=Apache-2.0" \
	"linux/$arch=$binary"
echo "bin/image/cloudcore.tar is $tag. To load it: docker load -i FILE, podman load -i FILE, or"
echo "ctr -n k8s.io images import FILE; to push it without any of them: skopeo copy docker-archive:FILE docker://…"
