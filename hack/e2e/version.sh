#!/bin/sh
# Prints the version of KubeEdge that the end-to-end stack runs: E2E_KUBEEDGE, else
# the newest one that was made to work, where its tree is there, else the one that
# needs no tree.
set -eu

newest=v1.23.1
if [ -n "${E2E_KUBEEDGE:-}" ]; then
	echo "$E2E_KUBEEDGE"
elif [ -f "${KUBEEDGE_TREES:-/nonexistent}/kubeedge-$newest.tar.gz" ]; then
	echo $newest
else
	echo "e2e: KUBEEDGE_TREES names no folder with kubeedge-$newest.tar.gz, so the stack runs v1.13.0 instead of $newest" >&2
	echo v1.13.0
fi
