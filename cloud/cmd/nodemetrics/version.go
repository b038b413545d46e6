package main

import (
	"fmt"
	"runtime"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// version is what this binary was built from.
func version() string {
	return fmt.Sprintf("%s (%s, %s/%s)", nodemetrics.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
