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
go test -C "$tree" "${flags[@]}" -p "${BUILD_JOBS:-$(nproc)}" "$@" "./$command" || fail "the tests' words are above" "see above"
[ -z "$version" ] || "$here/record.sh" "$version" tested
