# Each target does its own set-up: `make run`, `make unit` and `make lint` work on
# a fresh machine with Go, `make test` and `make e2e` with Go, Debian and root.
SHELL := bash

.PHONY: help go run build unit lint test bench bench-full browser screenshots scale scrapers e2e cluster cluster-down docs manifests chart clean image cloudcore kubeedge mutate fuzz soak release release-test

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@hack/need-go.sh || true

go:
	@hack/need-go.sh

run: build ## serve this machine and 600 simulated nodes on 127.0.0.1:10005
	bin/nodemetrics --simulate-nodes 600

build: go ## build bin/nodemetrics
	hack/build.sh bin/nodemetrics

unit: go ## run the tests that need nothing but Go
	hack/unit.sh

lint: go ## look for what is wrong without running it; needs nothing but Go
	hack/lint.sh

test: go ## run all tests that need no cluster: lint, unit, and those beside real programs
	hack/test.sh

browser: go ## look at the status pages in Chromium; hold the dashboards to Grafana's types
	hack/browser/run.sh
	hack/dashboards/run.sh --check

screenshots: go ## both dashboards with 600 nodes, in light and dark, into .cache/screenshots
	hack/perses/run.sh

scale: go ## time rules and dashboards in the stack's Prometheus with 600 and 10,000 nodes
	hack/e2e/build.sh prometheus
	SCALE_PROMETHEUS=$(CURDIR)/.cache/e2e/bin/prometheus SCALE_NODES=600 go test -count=1 -tags e2e -v -timeout 10m -run TestScale ./hack/operator
	SCALE_PROMETHEUS=$(CURDIR)/.cache/e2e/bin/prometheus SCALE_NODES=10000 go test -count=1 -tags e2e -v -timeout 20m -run TestScale ./hack/operator

scrapers: go ## try the scrapers of docs/scrapers.md: vmagent, agents, federation, OpenTelemetry
	hack/scrapers/run.sh

e2e: go ## assert the whole stack: KubeEdge, the operator, Prometheus, all real
	ONLY=v1.23.1 hack/kubeedge/all.sh
	go -C hack/e2e vet ./...
	hack/e2e/run.sh

cluster: go ## leave that stack running to play with
	hack/e2e/cluster.sh up

cluster-down: go ## remove it
	hack/e2e/cluster.sh down

bench: go ## measure 600 and 10,000 nodes against what people use today
	hack/bench/run.sh -fleets 600,10000

bench-full: go ## 100,000 nodes too
	hack/bench/run.sh -fleets 600,10000,100000

KUBEEDGE ?= v1.23.1
OUT ?= bin/cloudcore
image: go ## build the container image of KUBEEDGE's cloudcore, or of BINARY, as a tar, without a daemon
	KUBEEDGE="$(KUBEEDGE)" hack/image.sh $(BINARY)

cloudcore: go ## build a KubeEdge's cloudcore with the exporter: KUBEEDGE=<tree or version>
	hack/kubeedge/build.sh "$(KUBEEDGE)" "$(OUT)"

kubeedge: go ## test the adapter in every KubeEdge tree there is (KUBEEDGE_TREES)
	hack/kubeedge/all.sh

PACKAGE ?= pkg cloud/pkg cloud/cmd/cloudcore
MUTATE ?= -budget 40m
mutate: go ## change the code at random, see whether tests notice; PACKAGE=pkg/mapping for one
	go run ./hack/mutate $(MUTATE) $(PACKAGE)

fuzz: go ## fuzz all that takes foreign bytes, for half an hour
	hack/fuzz.sh

SOAK ?= -duration 20m
soak: build ## 2,000 nodes at ten times their rate for twenty minutes: nothing may grow
	go run ./hack/soak $(SOAK) bin/nodemetrics

release: go ## build everything that a release has into dist/
	hack/release.sh dist

release-test: go ## build a release twice and want the same bytes
	hack/release_test.sh

docs: go ## write the tables of the documents anew
	go test ./hack/operator -run 'TestGenerated|TestRunbooks' -update
	go test ./hack/docs -run TestGenerated -update

chart: go ## test the Helm chart; needs nothing but Go
	hack/chart/run.sh

manifests: docs ## write what is rendered from the chart anew
	hack/chart/run.sh -run 'TestPlain|TestGolden|TestVersion' -update

clean: ## remove what was built
	rm -rf bin dist .cache
	@hack/need-go.sh || true
