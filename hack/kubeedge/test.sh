#!/usr/bin/env bash
# Compiles and tests cloud/cmd/cloudcore in a KubeEdge tree.
#
#   hack/kubeedge/test.sh TREE|VERSION [flags of go test]
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
find_tree "$1"
shift
lay_over tests

begin "test"
# With -trimpath as in build.sh, whose packages are then in the cache. Without vet, which would go through all of KubeEdge and Kubernetes for one package.
CGO_ENABLED=0 go test -C "$tree" "${flags[@]}" -trimpath -vet=off -p "${BUILD_JOBS:-$(nproc)}" "$@" "./$command" || fail "the tests' words are above" "see above"
[ -z "$version" ] || "$here/record.sh" "$version" tested
