module github.com/edgegauge/edgegauge

go 1.22

require (
	github.com/prometheus/procfs v0.12.0
	sigs.k8s.io/yaml v1.4.0
)

require golang.org/x/sys v0.12.0 // indirect
