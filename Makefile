# Each target does its own set-up: `make run` and `make test` work on a fresh
# machine with Go and root.
SHELL := bash

.PHONY: help run build test bench bench-full e2e cluster cluster-down docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## serve this machine and 600 simulated nodes on 127.0.0.1:10005
	bin/nodemetrics --simulate-nodes 600

build: ## build bin/nodemetrics
	go build -o bin/nodemetrics ./cloud/cmd/nodemetrics

test: ## run all tests that need no cluster
	hack/test.sh

e2e: ## assert the whole stack: KubeEdge, the operator, Prometheus, all real
	go -C cloud/cmd/cloudcore vet ./...
	go -C cloud/cmd/cloudcore test ./...
	go -C hack/e2e vet ./...
	hack/e2e/run.sh

cluster: ## leave that stack running to play with
	hack/e2e/cluster.sh up

cluster-down: ## remove it
	hack/e2e/cluster.sh down

bench: ## measure 600 and 10,000 nodes against what people use today
	hack/bench/run.sh -fleets 600,10000

bench-full: ## 100,000 nodes too
	hack/bench/run.sh -fleets 600,10000,100000

docs: ## write the tables of README.md anew
	go test ./hack/docs -run TestREADME -update

clean: ## remove what was built
	rm -rf bin .cache
