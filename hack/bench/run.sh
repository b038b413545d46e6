#!/bin/sh
# Builds the benchmark and runs it: run.sh [flags of "bench run"]. Results go to
# this directory. Exits 1 if a target was missed.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
command -v prometheus-pushgateway >/dev/null ||
	echo "prometheus-pushgateway is not installed (apt-get install prometheus-pushgateway): its rows will be missing" >&2
go build -o "$dir/bench" .
"$dir/bench" run "$@"
