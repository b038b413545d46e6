#!/usr/bin/env bash
# Builds the benchmark and runs it: run.sh [flags of "bench run"]. Results go to
# this directory. It exits with 1 if a target was missed.
set -euo pipefail
cd "$(dirname "$0")"
for program in prometheus-pushgateway prometheus; do
	../packages.sh "$program=$program" || echo "no $program to be had: the tables will say so" >&2
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/bench" .
"$dir/bench" run "$@"
