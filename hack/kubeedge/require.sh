#!/usr/bin/env bash
# Has the go.mod of a fork of KubeEdge require this checkout of edgegauge, with
# replace lines that keep the fork's version of whatever both need. It is the one
# script here that writes into the tree.
#
#   hack/kubeedge/require.sh TREE
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -eq 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
find_tree "$1"
require_edgegauge "$tree/go.mod"
