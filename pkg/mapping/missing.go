package mapping

import (
	"strings"

	"github.com/edgegauge/edgegauge/pkg/spelling"
)

// mostFields bounds the fields that missing families are compared with.
const mostFields = 500

// fields are the paths of a message that no family maps, in the notation of
// mapping files: those of objects and arrays, and those of all that is in them.
type fields struct {
	paths []string
	seen  map[string]bool
}

func (f *fields) add(path string) {
	if len(f.paths) == mostFields || f.seen[path] {
		return
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[path] = true
	f.paths = append(f.paths, path)
}

// missing returns the families that e has nothing of.
func (d *Decoder) missing(e *Explanation, unknown *fields) (all []Missing) {
	got := map[string]bool{}
	for i := range e.Report.Samples {
		got[d.mapping.families[e.Report.Samples[i].Family].Name] = true
	}
	for i := range e.Dropped {
		got[e.Dropped[i].Family] = true
	}
	for i := range d.mapping.families {
		if f := &d.mapping.families[i]; f.Path != "" && !got[f.Name] {
			all = append(all, Missing{f.Name, f.Path, nearest(f.Path, unknown.paths)})
		}
	}
	return all
}

// alike is the greatest share of a path that may differ in one that is like it.
const alike = 0.4

// nearest returns the path of all that is most like path, "" if none is like it.
func nearest(path string, all []string) string {
	found, least := "", alike
	want := plain(path)
	for _, other := range all {
		got := plain(other)
		longer := max(len(want), len(got), 1)
		const most = 200 // bytes of a path that is worth comparing
		if longer > most {
			continue
		}
		differ := float64(spelling.Distance(want, got)) / float64(longer)
		if lastKey(want) == lastKey(got) { // a good sign, wherever it stands
			differ /= 2
		}
		if differ < least || found == "" && differ == least {
			found, least = other, differ
		}
	}
	return found
}

// plainly removes what people spell in several ways.
var plainly = strings.NewReplacer("_", "", "-", "", `\`, "", "[]", "")

func plain(path string) string { return plainly.Replace(strings.ToLower(path)) }

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
