package docs

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// here is this repository's module path.
const here = "github.com/edgegauge/edgegauge"

// rooms says what the packages of each folder may import beside the standard
// library and packages of the same folder. A package belongs to the longest
// folder that it stands in. A name that begins with "./" is a folder of this
// repository, any other a package and all packages below it; "*" is anything.
var rooms = map[string][]string{
	"pkg/sysinfo":            {},
	"pkg/spelling":           {},
	"pkg/mapping":            {"./pkg/sysinfo", "./pkg/spelling", "sigs.k8s.io/yaml", "gopkg.in/yaml.v2", "gopkg.in/yaml.v3"},
	"pkg/registry":           {"./pkg/mapping", "./pkg/sysinfo"},
	"pkg/exposition":         {"./pkg/registry", "./pkg/mapping", clientGolang, clientModel, common},
	"pkg/exposition/linezip": {},
	"pkg/statuspage":         {"./pkg/registry", "./pkg/mapping"},
	"pkg/savefile":           {"./pkg/registry", "./pkg/mapping"},

	"cloud/pkg/nodemetrics": {"./pkg", clientGolang, clientModel, common, beehive, klog,
		"github.com/prometheus/exporter-toolkit", "github.com/go-kit/log", "sigs.k8s.io/yaml", "gopkg.in/yaml.v3"},
	"cloud/cmd/nodemetrics": {"./cloud/pkg/nodemetrics", "./pkg", "./edge/pkg", clientGolang, clientModel, beehive, klog,
		"github.com/spf13/cobra", "github.com/spf13/pflag", "sigs.k8s.io/yaml"},
	// The only room that knows KubeEdge and client-go.
	"cloud/cmd/cloudcore": {"./cloud/pkg/nodemetrics", clientGolang, beehive, klog,
		"github.com/kubeedge/kubeedge", "github.com/kubeedge/viaduct", "k8s.io", "sigs.k8s.io/yaml", "github.com/spf13/cobra"},

	"edge/pkg": {"./pkg/sysinfo"},
	// The beehive module for edgecores that are built anew.
	"edge/pkg/edgecore":         {"./edge/pkg", beehive, klog},
	"edge/cmd/sysinfo-reporter": {"./edge/pkg", "./pkg/sysinfo", "./pkg/spelling", "github.com/eclipse/paho.mqtt.golang"},
	"edge/fault":                {}, // tests alone

	"hack": {"*"},
}

const (
	beehive      = "github.com/kubeedge/beehive"
	klog         = "k8s.io/klog"
	clientGolang = "github.com/prometheus/client_golang"
	clientModel  = "github.com/prometheus/client_model"
	common       = "github.com/prometheus/common"
)

// strangers are what pkg must not know, not even through what it imports, nor in
// its tests.
var strangers = []string{beehive, "github.com/kubeedge", "k8s.io", "go.opentelemetry.io"}

// TestWalls holds all packages of all modules to the table, and finds the rows
// that stand for nothing.
func TestWalls(t *testing.T) {
	used := map[string]bool{}
	for _, p := range allPackages(t) {
		room, ok := roomOf(p.folder)
		if !ok {
			t.Errorf("%s has no room: say in the table what it may import", p.folder)
			continue
		}
		used[room] = true
		for _, path := range p.imports {
			if !allowed(room, p.folder, path) {
				t.Errorf("%s must not import %s; what it may stands in the table's row %q", p.folder, path, room)
			}
		}
		for _, path := range p.testImports {
			if inFolder(path, here+"/hack") && room != "hack" {
				t.Errorf("a test of %s imports %s; hack is imported by nothing", p.folder, path)
			}
			if inFolder(p.folder, "pkg") {
				for _, s := range strangers {
					if inFolder(path, s) {
						t.Errorf("a test of %s imports %s, and pkg knows no %s", p.folder, path, s)
					}
				}
			}
		}
	}
	planned := []string{"pkg/statuspage", "pkg/savefile"}
	for room := range rooms {
		if !used[room] && !slices.Contains(planned, room) {
			t.Errorf("the table has a row for %q, where there is no package", room)
		}
	}
}

// TestLibrariesKnowNoHost looks at all that pkg brings with it.
func TestLibrariesKnowNoHost(t *testing.T) {
	found := 0
	for _, p := range list(t, "../..", "-deps", "./pkg/...") {
		found++
		for _, s := range strangers {
			if inFolder(p.ImportPath, s) {
				t.Errorf("pkg brings %s with it", p.ImportPath)
			}
		}
		if inFolder(p.ImportPath, here) && !inFolder(p.ImportPath, here+"/pkg") {
			t.Errorf("pkg brings %s with it, which stands above it", p.ImportPath)
		}
	}
	if found < 50 {
		t.Fatalf("go list -deps names %d packages", found)
	}
}

// TestRoomsTable has the table refuse what it is there to refuse.
func TestRoomsTable(t *testing.T) {
	for _, x := range []struct {
		folder, path string
		may          bool
	}{
		{"pkg/sysinfo", "strings", true},
		{"pkg/sysinfo", here + "/pkg/mapping", false},
		{"pkg/sysinfo", "sigs.k8s.io/yaml", false},
		{"pkg/mapping", "gopkg.in/yaml.v2", true},
		{"pkg/mapping", here + "/pkg/registry", false},
		{"pkg/mapping", "k8s.io/klog/v2", false},
		{"pkg/exposition", here + "/pkg/exposition/linezip", true},
		{"pkg/exposition/linezip", here + "/pkg/exposition", false},
		{"pkg/exposition", "github.com/prometheus/common/expfmt", true},
		{"pkg/exposition", "github.com/prometheus/commonplace", false},
		{"cloud/pkg/nodemetrics", "k8s.io/client-go/rest", false},
		{"cloud/pkg/nodemetrics", here + "/edge/pkg/fleet", false},
		{"cloud/cmd/nodemetrics", here + "/hack/bench", false},
		{"cloud/cmd/nodemetrics", here + "/edge/pkg/fleet", true},
		{"cloud/cmd/cloudcore", "github.com/kubeedge/kubeedge/cloud/cmd/cloudcore/app", true},
		{"edge/pkg/host", here + "/pkg/mapping", false},
		{"edge/pkg/host", here + "/edge/pkg/once", true},
		{"edge/pkg/host", "github.com/kubeedge/beehive/pkg/core", false},
		{"edge/pkg/edgecore", "github.com/kubeedge/beehive/pkg/core", true},
		{"edge/pkg/host", here + "/cloud/pkg/nodemetrics", false},
		{"hack/bench", here + "/cloud/pkg/nodemetrics", true},
	} {
		room, ok := roomOf(x.folder)
		if !ok {
			t.Errorf("%s has no room", x.folder)
		} else if got := allowed(room, x.folder, x.path); got != x.may {
			t.Errorf("may %s import %s? %v, want %v", x.folder, x.path, got, x.may)
		}
	}
	if room, ok := roomOf("pkg/newcomer"); ok {
		t.Errorf("pkg/newcomer has the room %q, want none", room)
	}
}

// roomOf returns the table's row for a folder of this repository.
func roomOf(folder string) (room string, ok bool) {
	for r := range rooms {
		if inFolder(folder, r) && len(r) > len(room) {
			room, ok = r, true
		}
	}
	return room, ok
}

// allowed reports whether a package in room may import path.
func allowed(room, folder, path string) bool {
	if standard(path) || path == "C" {
		return true
	}
	if own, ok := strings.CutPrefix(path, here+"/"); ok {
		// A folder below may have a row of its own, and then its walls too.
		if r, known := roomOf(own); known && r == room {
			return true
		}
		if inFolder(own, folder) {
			return true
		}
	}
	for _, may := range rooms[room] {
		if rest, ok := strings.CutPrefix(may, "./"); ok {
			may = here + "/" + rest
		}
		if may == "*" || inFolder(path, may) {
			return true
		}
	}
	return false
}

// standard reports whether path is of the standard library: its first element
// is no host's name.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// inFolder reports whether path is folder or stands below it.
func inFolder(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

type room struct {
	folder               string
	imports, testImports []string
}

// allPackages returns every package of every module of this repository, with
// what all its files import, for whatever system and tags they are.
func allPackages(t *testing.T) []room {
	var all []room
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range modules(t, root) {
		for _, p := range list(t, dir, "-e", "./...") {
			folder, err := filepath.Rel(root, p.Dir)
			if err != nil || strings.HasPrefix(folder, "..") {
				t.Fatalf("%s stands in %s, outside of %s", p.ImportPath, p.Dir, root)
			}
			r := room{filepath.ToSlash(folder), p.Imports, slices.Concat(p.TestImports, p.XTestImports)}
			for _, name := range p.IgnoredGoFiles {
				file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range file.Imports {
					path, _ := strconv.Unquote(i.Path.Value)
					if strings.HasSuffix(name, "_test.go") {
						r.testImports = append(r.testImports, path)
					} else {
						r.imports = append(r.imports, path)
					}
				}
			}
			all = append(all, r)
		}
	}
	if len(all) < 20 {
		t.Fatalf("go list names %d packages", len(all))
	}
	return all
}

// modules returns the folders of this repository that have a go.mod.
func modules(t *testing.T, root string) []string {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.Name() == "go.mod" {
			dirs = append(dirs, filepath.Dir(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) < 4 {
		t.Fatalf("%s has the modules %q", root, dirs)
	}
	return dirs
}

type listed struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
	IgnoredGoFiles                     []string
}

func list(t *testing.T, dir string, args ...string) (all []listed) {
	t.Helper()
	const fields = "-json=ImportPath,Dir,Imports,TestImports,XTestImports,IgnoredGoFiles"
	out := run(t, dir, "go", append([]string{"list", fields}, args...)...)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s in %s: %v\n%s", name, strings.Join(args, " "), dir, err, &stderr)
	}
	return out
}
