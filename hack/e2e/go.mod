module github.com/edgegauge/edgegauge/hack/e2e

go 1.26
