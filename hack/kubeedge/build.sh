#!/usr/bin/env bash
# Builds the cloudcore of a KubeEdge tree, any version from v1.13 on or a fork of
# one, with the exporter compiled in. Nothing is written into the tree.
#
#   hack/kubeedge/build.sh TREE OUT      a folder with KubeEdge's source
#   hack/kubeedge/build.sh v1.23.1 OUT   a version: kubeedge-v1.23.1.tar.gz in the
#                                        folder that KUBEEDGE_TREES names, else
#                                        cloned from the public repository
#
# It needs Go and a module proxy. GOOS, GOARCH and CGO_ENABLED count as ever
# (default: this machine, static). KUBEEDGE_VERSION says the version where the
# tree does not, QUIET=1 leaves out what to do next.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -eq 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m "$2")
if [ "$1" = v1.13.0 ] && [ ! -d "$1" ] && [ ! -f "${KUBEEDGE_TREES:-}/kubeedge-$1.tar.gz" ]; then
	# The one version that is published as Go modules: its versions stand in a
	# go.mod of ours.
	say "KubeEdge $1 is published as Go modules: no tree is needed"
	version=$1
	stamps=("-X $kubeedge/pkg/version.gitVersion=$1" "-X $kubeedge/pkg/version.gitMajor=1" "-X $kubeedge/pkg/version.gitMinor=13")
	flags=(-mod=readonly -buildvcs=false)
	from=$root/$command package=.
else
	find_tree "$1"
	lay_over
	from=$tree package=./$command
fi

begin "compile"
own=$(own_version)
say "compiling $command with edgegauge $own"
mkdir -p "$(dirname "$out")"
export CGO_ENABLED=${CGO_ENABLED:-0}
go build -C "$from" "${flags[@]}" -p "${BUILD_JOBS:-$(nproc)}" -trimpath \
	-ldflags "-s -w ${stamps[*]} -X $edgegauge/cloud/pkg/nodemetrics.stamped=$own" \
	-o "$out" "$package" || fail "the compiler's words are above" \
	"does the tree build without the exporter? GOWORK=off go build -mod=mod ./$command" \
	"if it does, tell us the tree's version and what the compiler said"
say "built $out ($(du -h "$out" | cut -f1))"

[ -z "$version" ] || "$here/record.sh" "$version" built

[ -z "${QUIET:-}" ] || exit 0
tag=${version:-<tag>}
cat <<END

Next:
1. An image, from $out:
     docker build -f $root/manifests/image/Dockerfile -t <registry>/cloudcore:$tag-edgegauge ${out%/*}
2. KubeEdge by its chart with that image and the router on, through which reports come:
     keadm init --kubeedge-version=$tag --set cloudCore.image.repository=<registry>/cloudcore \\
       --set cloudCore.image.tag=$tag-edgegauge --set cloudCore.modules.router.enable=true ...
   (a --set for each value: behind a comma keadm takes the tag for not given)
   or the same three values with helm upgrade.
3. edgegauge's chart, with the reporter on the edge nodes, for stock edgecore reports nothing by
   itself, and the ServiceMonitor, by which Prometheus finds cloudcore:
     helm upgrade --install edgegauge $root/manifests/chart --namespace kubeedge --set release=<of your Prometheus> \\
       --set reporter.image.repository=<registry>/sysinfo-reporter --set reporter.image.tag=<tag>
   or by kubectl, with the image in the reporter's daemonset.yaml:
     kubectl apply --server-side -k $root/manifests/servicemonitor
     kubectl apply -k $root/manifests/reporter
$root/docs/install.md has each step in full.
END
