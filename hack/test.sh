#!/usr/bin/env bash
# Tests all of the project that needs no cluster. It needs Go and, for the
# programs it tests against, Debian's packages and the right to install them.
# FUZZTIME is how long each fuzz target runs (default 4s).
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

hack/need-go.sh

step "tools"
hack/packages.sh cc=gcc libc6-dev curl=curl prometheus=prometheus promtool=prometheus prometheus-alertmanager=prometheus-alertmanager prometheus-pushgateway=prometheus-pushgateway

step "form, vet, staticcheck"
hack/lint.sh

step "unit tests, with the race detector"
hack/unit.sh

step "the libraries with Go 1.22, which forks may still build with"
GOTOOLCHAIN=go1.22.12 go vet ./pkg/... ./cloud/pkg/... ./edge/pkg/...
GOTOOLCHAIN=go1.22.12 hack/gotest.sh . ./pkg/... ./cloud/pkg/... ./edge/pkg/...

step "fuzzing, ${FUZZTIME:=4s} a target"
FUZZTIME=$FUZZTIME hack/fuzz.sh

step "the page, read by Prometheus' own parsers"
hack/gotest.sh hack/conformance ./...

step "a real Prometheus scrapes the built command"
hack/build.sh bin/nodemetrics
NODEMETRICS=$PWD/bin/nodemetrics hack/gotest.sh . -count=1 -tags e2e ./hack/command

step "Alertmanager takes the inhibition rules, alerts outlive Prometheus, and the way off the Pushgateway is walked"
hack/gotest.sh . -count=1 -tags e2e -run 'TestInhibition|TestPrometheusRestart|TestTroubleshooting|TestFromPushgateway|TestParallelRules|TestOldConfigKey' ./hack/operator

step "the benchmark's own checks"
go -C hack/bench vet ./...
hack/gotest.sh hack/bench ./...

step "the image without a daemon"
hack/gotest.sh hack/tools ./...

step "the chart, and the manifests that are rendered from it"
hack/chart/run.sh

step "the reporter"
edge/test.sh

step "all passed"
