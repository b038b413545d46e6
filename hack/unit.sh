#!/usr/bin/env bash
# Runs the tests that need nothing but Go: no root, no Debian, no cluster. With a
# C compiler they run under the race detector.
set -euo pipefail
cd "$(dirname "$0")/.."
hack/need-go.sh

# The tests of the alerts and of the dashboard ask promtool. Where there is none,
# it is built, which takes some minutes the first time.
if ! command -v promtool >/dev/null; then
	hack/e2e/build.sh promtool
	PATH=$PATH:$PWD/.cache/e2e/bin
fi

race=
[ "$(go env CGO_ENABLED)" = 0 ] || race=-race
for module in . cloud/cmd/nodemetrics edge/cmd/sysinfo-reporter; do
	hack/gotest.sh "$module" $race -shuffle=on -timeout 20m ./...
done
