package docs

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// kubeEdges are paths in KubeEdge's source, of which the documents tell too.
var kubeEdges = regexp.MustCompile(`^(cloud/pkg/(cloudhub|router)|pkg/viaduct|edge/cmd/edgecore|cloud/cmd/cloudcore/(app|cloudcore\.go)|hack/update-vendor\.sh)`)

// TestPathsExist: a file or folder that a document names in code is there, seen from
// the root or from the document.
func TestPathsExist(t *testing.T) {
	path := regexp.MustCompile(`^(?:docs|manifests|hack|edge|cloud|pkg)/[\w./*-]*$`)
	looked := 0
	for file, text := range documents(t) {
		if file == "CHANGELOG.md" { // of what was
			continue
		}
		for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
			for _, word := range strings.Fields(m[1]) {
				if !path.MatchString(word) || kubeEdges.MatchString(word) {
					continue
				}
				looked++
				there, err := filepath.Glob(filepath.Join(root, word))
				if err != nil || len(there) == 0 {
					t.Errorf("%s names %s, which is not there", file, word)
				}
			}
		}
	}
	if looked < 30 {
		t.Errorf("%d paths found", looked)
	}
}

// TestSettingsAreWhole: what the commands of the installation take from the shell is set
// by its first block.
func TestSettingsAreWhole(t *testing.T) {
	all := documents(t)
	_, settings, _ := strings.Cut(all["docs/install.md"], "<!-- steps: settings -->")
	settings, _, _ = strings.Cut(settings, "<!-- end -->")
	set := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^export ([A-Z_]+)=`).FindAllStringSubmatch(settings, -1) {
		set[m[1]] = true
	}
	used := 0
	for _, file := range []string{"docs/install.md", "docs/upgrade.md"} {
		for _, block := range regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```").FindAllStringSubmatch(all[file], -1) {
			for _, m := range regexp.MustCompile(`\$\{?([A-Z_]+)`).FindAllStringSubmatch(block[1], -1) {
				used++
				if !set[m[1]] {
					t.Errorf("%s: nothing sets $%s, which stands in\n%s", file, m[1], block[1])
				}
			}
		}
	}
	if used < 10 {
		t.Errorf("%d variables are used", used)
	}
}
