#!/usr/bin/env bash
# Builds the scrapers of docs/scrapers.md at the versions that the modules here pin,
# and tries each with the lines of the document. The first time takes a quarter of
# an hour on two processors, nearly all of it the compiler's.
set -euo pipefail
cd "$(dirname "$0")/../.."
hack/need-go.sh

bin=$PWD/.cache/scrapers
mkdir -p "$bin"
hack/e2e/build.sh prometheus
cp .cache/e2e/bin/prometheus "$bin/"
hack/build.sh "$bin/nodemetrics"
CGO_ENABLED=0 go -C hack/scrapers/vmagent build -p 2 -o "$bin/vmagent" github.com/VictoriaMetrics/VictoriaMetrics/app/vmagent
CGO_ENABLED=0 go -C hack/scrapers/otelcol build -p 2 -tags remove_all_sd -o "$bin/otelcol" .
SCRAPERS_BIN=$bin go test -count=1 -tags e2e -timeout 10m "$@" ./hack/scrapers
