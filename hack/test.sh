#!/usr/bin/env bash
# Tests all of the project that needs no cluster. It needs Go and, for the
# programs it tests against, Debian's packages and the right to install them.
# FUZZTIME is how long each fuzz target runs (default 4s).
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

# packages installs those of Debian's that are missing; a server among them is
# not started.
packages() {
	local missing=()
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] && return
	echo "installing ${missing[*]}"
	apt-get update -qq
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

step "tools"
packages gcc libc6-dev prometheus
mkdir -p bin
go -C hack/tools build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

step "format"
unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt wants other forms of:"; echo "$unformatted"; exit 1; }

step "vet, staticcheck"
go vet ./...
go vet -tags e2e ./cloud/cmd/nodemetrics
bin/staticcheck ./...

step "unit tests, with the race detector"
go test -race -shuffle=on ./...

step "the libraries with Go 1.22, which forks may still build with"
GOTOOLCHAIN=go1.22.12 go vet ./pkg/... ./cloud/pkg/... ./edge/pkg/...
GOTOOLCHAIN=go1.22.12 go test ./pkg/... ./cloud/pkg/... ./edge/pkg/...

step "fuzzing, ${FUZZTIME:=4s} a target"
targets=0
while IFS=: read -r file target; do
	targets=$((targets + 1))
	compgen -G "$(dirname "$file")/testdata/fuzz/$target/*" >/dev/null || grep -q 'f\.Add(' "$file" ||
		{ echo "$file: $target has no seeds"; exit 1; }
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" "./$(dirname "$file")" | grep -v '^fuzz: elapsed'
done < <(grep -RoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' pkg cloud/pkg edge/pkg | sed 's/func //')
[ "$targets" -gt 0 ] || { echo "no fuzz targets found"; exit 1; }

step "the page, read by Prometheus' own parsers"
go -C hack/conformance test ./...
go -C hack/conformance test -run '^$' -fuzz FuzzPage -fuzztime "$FUZZTIME" . | grep -v '^fuzz: elapsed'

step "a real Prometheus scrapes the built command"
go build -o bin/nodemetrics ./cloud/cmd/nodemetrics
NODEMETRICS=$PWD/bin/nodemetrics go test -count=1 -tags e2e ./cloud/cmd/nodemetrics

step "the benchmark's own checks"
go -C hack/bench vet ./...
go -C hack/bench test ./...

step "the reporter"
edge/test.sh

step "all passed"
