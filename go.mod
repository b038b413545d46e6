module github.com/edgegauge/edgegauge

go 1.22
