#!/usr/bin/env bash
# Builds the programs that the end-to-end stack runs into .cache/e2e/bin: those of
# the modules under hack/e2e/build at the versions that these pin, those of this
# repository, and into a folder named after KubeEdge's version, cloudcore with the
# exporter and stock edgecore. What is there already and was built from the same
# sources is not built again.
#
#   hack/e2e/build.sh                  everything
#   hack/e2e/build.sh edgecore ...     only these
#
# E2E_KUBEEDGE is KubeEdge's version. Default: v1.23.1, from the folder that
# KUBEEDGE_TREES names or cloned; where neither works v1.13.0, which needs no tree.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin="$root/.cache/e2e/bin"
version=$("$here/version.sh")
mkdir -p "$bin/$version"

# Two compilers at a time: the builds are large, and on a small machine more of
# them only fight for memory.
jobs=${E2E_BUILD_JOBS:-2}

# fresh NAME KEY: whether the program is there and was built from this.
fresh() { [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.key" 2>/dev/null)" = "$2" ]; }

# built NAME KEY BEGIN: notes that it is, and how long it took.
built() {
	echo "$2" >"$bin/$1.key"
	echo "e2e: built $1 in $((SECONDS - $3))s"
}

hash() { sha256sum | cut -c1-16; }

# pinned NAME MODULE PACKAGE [TAGS]: a program whose source is only dependencies.
pinned() {
	local name=$1 module=$here/build/$2 package=$3 tags=${4:-} key begin=$SECONDS
	key=$( (cat "$module/go.mod" "$module/go.sum"; echo "$package $tags"; go env GOVERSION GOOS GOARCH) | hash)
	! fresh "$name" "$key" || return 0
	echo "e2e: building $name"
	(cd "$module" && go build -p "$jobs" -mod=readonly -trimpath -tags "$tags" -ldflags '-s -w' -o "$bin/$name" "$package")
	built "$name" "$key" "$begin"
}

# own NAME FOLDER: a program of this repository; go's own cache decides.
own() {
	(cd "$root/$2" && CGO_ENABLED=0 go build -p "$jobs" -trimpath -ldflags '-s -w' -o "$bin/$1" .)
}

# edgecore: from the tree, or for v1.13.0 from published modules.
edgecore() {
	local name=$version/edgecore key begin=$SECONDS
	if [ "$version" = v1.13.0 ]; then
		CGO_ENABLED=1 pinned "$name" edgecore github.com/kubeedge/kubeedge/edge/cmd/edgecore
		return
	fi
	key=$( (cat "$("$root/hack/kubeedge/tree.sh" "$version")/go.sum"; echo "$version"; cat "$root"/hack/kubeedge/{lib,edgecore}.sh; go env GOVERSION GOOS GOARCH) | hash)
	! fresh "$name" "$key" || return 0
	BUILD_JOBS=$jobs "$root/hack/kubeedge/edgecore.sh" "$version" "$bin/$name"
	built "$name" "$key" "$begin"
}

# cloudcore: the same, by the script that users have; go's own cache decides.
cloudcore() {
	local begin=$SECONDS
	QUIET=1 BUILD_JOBS=$jobs "$root/hack/kubeedge/build.sh" "$version" "$bin/$version/cloudcore"
	# Built in another folder it would have other bytes.
	! go version -m "$bin/$version/cloudcore" | grep -E '=>[[:space:]]+/' || { echo "e2e: $version/cloudcore has a folder of this machine in it"; return 1; }
	echo "e2e: built $version/cloudcore in $((SECONDS - begin))s"
}

# charts: the trees whose charts the tests install.
charts() {
	local tree
	for tree in "${KUBEEDGE_TREES:-/nonexistent}"/kubeedge-v*.tar.gz; do
		[ ! -f "$tree" ] || "$root/hack/kubeedge/tree.sh" "$(basename "$tree" .tar.gz | sed 's/^kubeedge-//')" >/dev/null
	done
}

# fork: made for one tree. See hack/kubeedge/fork.sh.
fork() {
	[ "$version" = v1.23.1 ] || return 0
	local begin=$SECONDS
	"$root/hack/kubeedge/fork.sh" "$version" "$bin/$version/fork"
	echo "e2e: built the fork in $((SECONDS - begin))s"
}

build() {
	case $1 in
	kube-apiserver) pinned kube-apiserver kubernetes k8s.io/kubernetes/cmd/kube-apiserver ;;
	kubectl) pinned kubectl kubernetes k8s.io/kubernetes/cmd/kubectl ;;
	helm) pinned helm helm helm.sh/helm/v3/cmd/helm ;;
	operator) pinned operator operator github.com/prometheus-operator/prometheus-operator/cmd/operator ;;
	prometheus) pinned prometheus prometheus github.com/prometheus/prometheus/cmd/prometheus remove_all_sd,enable_kubernetes_sd ;;
	promtool) pinned promtool prometheus github.com/prometheus/prometheus/cmd/promtool remove_all_sd,enable_kubernetes_sd ;;
	charts) charts ;;
	fork) fork ;;
	edgecore) edgecore ;;
	cloudcore) cloudcore ;;
	sysinfo-reporter) own sysinfo-reporter edge/cmd/sysinfo-reporter ;;
	*) echo "e2e: no program $1" >&2; return 2 ;;
	esac
}

[ $# -gt 0 ] || set -- kube-apiserver kubectl helm operator prometheus promtool charts edgecore cloudcore fork sysinfo-reporter
for program; do
	build "$program"
done
