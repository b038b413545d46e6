package nodemetrics

import (
	"log"
	"strings"

	"k8s.io/klog/v2"
)

// klogErrors is a logger for net/http's complaints about single connections,
// which a misbehaving client could cause at any rate.
func klogErrors() *log.Logger { return log.New(toKlog{}, "", 0) }

type toKlog struct{}

// Write logs one line.
func (toKlog) Write(b []byte) (int, error) {
	klog.V(4).InfoS("Connection failed", "reason", strings.TrimSpace(string(b)))
	return len(b), nil
}
