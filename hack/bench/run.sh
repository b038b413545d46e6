#!/usr/bin/env bash
# Builds the benchmark and runs it: run.sh [flags of "bench run"]. Results go to
# this directory. It exits with 1 if a target was missed.
set -euo pipefail
cd "$(dirname "$0")"
for package in prometheus-pushgateway prometheus; do
	if ! command -v "$package" >/dev/null; then
		echo "installing $package" # its service is not started
		apt-get update -qq
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
			echo "no $package to be had: the tables will say so" >&2
	fi
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/bench" .
"$dir/bench" run "$@"
