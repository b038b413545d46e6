package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

func TestStack(t *testing.T) {
	if os.Getenv("E2E_STACK") == "" {
		t.Skip("needs namespaces of its own: hack/e2e/run.sh")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.New(root, filepath.Join(root, ".cache", "e2e", "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	_, _, err = s.Up(stack.Options{Edges: 3, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
}
