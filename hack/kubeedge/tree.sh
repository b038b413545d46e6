#!/usr/bin/env bash
# Prints the folder of a KubeEdge version's source, which it gets first where it is
# not there yet.
#
#   hack/kubeedge/tree.sh VERSION
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -eq 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
find_tree "$1" 2>/dev/null
echo "$tree"
