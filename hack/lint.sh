#!/usr/bin/env bash
# Looks at the code without running it: its form, what vet and staticcheck find,
# and whether the scripts can be read. Needs Go and git, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
hack/need-go.sh

unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt wants other forms of:"; echo "$unformatted"; exit 1; }

while IFS= read -r script; do
	shell=$(sed -n '1s|^#!\(/usr/bin/env \)*\([^ ]*\).*|\2|p' "$script")
	"${shell:-bash}" -n "$script" # one without that line is read by another script
done < <(git ls-files '*.sh' .ci/run)

# cloud/cmd/cloudcore is not among them: all of KubeEdge is compiled for it, which
# `make e2e` does anyway.
mkdir -p bin
go -C hack/tools build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
for module in . cloud/cmd/nodemetrics edge/cmd/sysinfo-reporter edge/fault hack/bench hack/chart hack/conformance hack/e2e; do
	echo "vet, staticcheck: $module"
	go -C "$module" vet ./...
	(cd "$module" && "$OLDPWD/bin/staticcheck" ./...)
done
go vet -tags e2e ./hack/command ./hack/operator
go -C edge/cmd/sysinfo-reporter vet -tags debian .
