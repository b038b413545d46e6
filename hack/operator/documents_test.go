package operator

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentQueries has promtool read the queries of the documents.
func TestDocumentQueries(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	type query struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var queries []query
	for _, file := range files {
		for _, block := range regexp.MustCompile("(?ms)^```promql\n(.*?)^```").FindAllStringSubmatch(read(t, file), -1) {
			for _, line := range strings.Split(strings.TrimSpace(block[1]), "\n") {
				queries = append(queries, query{"document:" + strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".md"), "-", "_"), line})
			}
		}
	}
	if len(queries) < 10 {
		t.Fatalf("only %d queries found", len(queries))
	}
	checkQueries(t, queries)
}
