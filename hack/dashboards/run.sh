#!/usr/bin/env bash
# Makes the dashboards of manifests/dashboard anew, checked against Grafana's own types;
# with --check it compares instead.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
command -v npm >/dev/null || ../packages.sh npm=npm
npm ci --no-audit --no-fund --silent
npx tsc -p .
to=../../manifests/dashboard
if [ "${1:-}" = --check ]; then
	made=$(mktemp -d)
	trap 'rm -rf "$made"' EXIT
	node write.mjs "$made"
	for file in "$made"/*.json; do
		diff -u "$to/$(basename "$file")" "$file" || { echo "hack/dashboards/run.sh makes it anew" >&2; exit 1; }
	done
	echo "2 dashboards are as their source says"
else
	node write.mjs "$to"
fi
