package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// cloudcore ends when the exporter has ended, and so written its snapshot file.
func TestExporterIsWaitedFor(t *testing.T) {
	defer func(before *nodemetrics.Module) { exporterModule = before }(exporterModule)
	exporterModule = nil
	waitForExporter() // for none

	c := nodemetrics.DefaultConfig()
	c.BindAddress, c.SnapshotFile = "127.0.0.1:0", filepath.Join(t.TempDir(), "nodes")
	module, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	exporterModule = module
	waitForExporter() // for one that was never started
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = module.Run(ctx) }()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		w := httptest.NewRecorder()
		module.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code == http.StatusOK {
			break
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("it does not run")
		}
	}
	cancel()
	waitForExporter()
	if _, err := os.Stat(c.SnapshotFile); err != nil {
		t.Error(err)
	}
}
