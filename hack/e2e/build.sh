#!/bin/sh
# Builds the programs that the end-to-end stack runs, at the versions that the
# modules under hack/e2e/build pin, into .cache/e2e/bin. What is there already
# and was built from the same go.sum is not built again.
#
#   hack/e2e/build.sh                  everything
#   hack/e2e/build.sh edgecore ...     only these
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin="$root/.cache/e2e/bin"
mkdir -p "$bin"

# Two compilers at a time: the builds are large, and on a small machine more of
# them only fight for memory.
jobs=${E2E_BUILD_JOBS:-2}

# pinned NAME MODULE PACKAGE [TAGS]: a program whose source is only dependencies.
pinned() {
	name=$1 module=$here/build/$2 package=$3 tags=${4:-}
	key=$( (cat "$module/go.mod" "$module/go.sum"; echo "$package $tags"; go env GOVERSION GOOS GOARCH) | sha256sum | cut -c1-16)
	if [ -x "$bin/$name" ] && [ "$(cat "$bin/$name.key" 2>/dev/null)" = "$key" ]; then
		return
	fi
	echo "e2e: building $name"
	(cd "$module" && go build -p "$jobs" -mod=readonly -trimpath -tags "$tags" -ldflags '-s -w' -o "$bin/$name" "$package")
	echo "$key" >"$bin/$name.key"
}

# own NAME FOLDER: a program of this repository; go's own cache decides.
own() {
	(cd "$root/$2" && CGO_ENABLED=0 go build -p "$jobs" -trimpath -ldflags '-s -w' -o "$bin/$1" .)
}

build() {
	case $1 in
	kube-apiserver) pinned kube-apiserver kubernetes k8s.io/kubernetes/cmd/kube-apiserver ;;
	kubectl) pinned kubectl kubernetes k8s.io/kubernetes/cmd/kubectl ;;
	edgecore) CGO_ENABLED=1 pinned edgecore edgecore github.com/kubeedge/kubeedge/edge/cmd/edgecore ;;
	operator) pinned operator operator github.com/prometheus-operator/prometheus-operator/cmd/operator ;;
	prometheus) pinned prometheus prometheus github.com/prometheus/prometheus/cmd/prometheus remove_all_sd,enable_kubernetes_sd ;;
	promtool) pinned promtool prometheus github.com/prometheus/prometheus/cmd/promtool remove_all_sd,enable_kubernetes_sd ;;
	cloudcore) own cloudcore cloud/cmd/cloudcore ;;
	sysinfo-reporter) own sysinfo-reporter edge/cmd/sysinfo-reporter ;;
	*) echo "e2e: no program $1" >&2; return 2 ;;
	esac
}

[ $# -gt 0 ] || set -- cloudcore edgecore kube-apiserver kubectl operator prometheus promtool sysinfo-reporter
for program; do
	build "$program"
done
