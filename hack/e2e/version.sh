#!/bin/sh
# Prints the version of KubeEdge that the end-to-end stack runs: E2E_KUBEEDGE, else
# the newest one that was made to work, whose tree KUBEEDGE_TREES has or git gets.
# Where neither does, the one that needs no tree.
set -eu

newest=v1.23.1
if [ -n "${E2E_KUBEEDGE:-}" ]; then
	echo "$E2E_KUBEEDGE"
elif "$(dirname "$0")/../kubeedge/tree.sh" $newest >/dev/null 2>&1; then
	echo $newest
else
	echo "e2e: no tree of KubeEdge $newest, so the stack runs v1.13.0, whose modules are published." >&2
	echo "  KUBEEDGE_TREES names no folder with kubeedge-$newest.tar.gz, and git cannot clone it." >&2
	echo v1.13.0
fi
