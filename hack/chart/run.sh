#!/usr/bin/env bash
# Tests the chart, or with -run TestPlain -update writes the manifests that are
# rendered from it:
#
#   hack/chart/run.sh [flags of go test]
#
# It needs nothing but Go; the first time helm is built, which takes some minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/../need-go.sh"
"$here/../e2e/build.sh" helm
HELM=$here/../../.cache/e2e/bin/helm
export HELM
go -C "$here" test -count=1 "$@" ./...
