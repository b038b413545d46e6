package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// metricTable lists the families of a node.
func metricTable(*testing.T) string {
	var b strings.Builder
	b.WriteString("| Metric | Type | Labels beside `node` | What it is | Field of sysInfo |\n|---|---|---|---|---|\n")
	for _, f := range mapping.Version1().Families() {
		labels := f.LabelNames()
		if f.LabelsFrom != "" {
			labels = append(labels, "the node's own")
		}
		from := "always there"
		if f.Path != "" {
			from = "`" + f.Path + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Type, strings.Join(labels, ", "), f.Help, from)
	}
	return b.String()
}

// mappingTable lists the keys of a mapping file with the comments that their
// fields have in the code.
func mappingTable(t *testing.T) string {
	comments := fieldComments(t, "../../pkg/mapping/mapping.go")
	var b strings.Builder
	b.WriteString("| Key | Meaning |\n|---|---|\n")
	for _, part := range []struct {
		prefix string
		typ    reflect.Type
	}{{"timestamp.", reflect.TypeOf(mapping.Field{})}, {"interval.", reflect.TypeOf(mapping.Field{})}, {"families[].", reflect.TypeOf(mapping.Family{})}} {
		for i := range part.typ.NumField() {
			f := part.typ.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			comment := comments[part.typ.Name()+"."+f.Name]
			if comment == "" {
				t.Errorf("%s.%s has no comment", part.typ.Name(), f.Name)
			}
			fmt.Fprintf(&b, "| `%s%s` | %s |\n", part.prefix, key, strings.ReplaceAll(comment, "*", `\*`))
		}
	}
	return b.String()
}

// exporterTable lists the module's own metrics.
func exporterTable(t *testing.T) string {
	c := nodemetrics.DefaultConfig()
	c.Host = prometheus.NewRegistry()
	m, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| Metric | Type | Labels | What it is |\n|---|---|---|---|\n")
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	return b.String()
}

// configTable lists the config's fields with their defaults and the comments
// that they have in the code.
func configTable(t *testing.T) string {
	comments := fieldComments(t, "../../cloud/pkg/nodemetrics/config.go")
	var b strings.Builder
	b.WriteString("| Key | Default | Live | Meaning |\n|---|---|---|---|\n")
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key := f.Tag.Get("json")
			if key == "" || key == "-" {
				continue
			}
			comment := comments[v.Type().Name()+"."+f.Name]
			if comment == "" {
				t.Errorf("%s.%s has no comment", v.Type().Name(), f.Name)
			}
			if f.Type == reflect.TypeOf(nodemetrics.Limits{}) {
				walk(prefix+key+".", v.Field(i))
				continue
			}
			text, err := yaml.Marshal(v.Field(i).Interface())
			if err != nil {
				t.Fatal(err)
			}
			var item any
			if err := yaml.Unmarshal(text, &item); err != nil {
				t.Fatal(err)
			}
			live := ""
			if f.Tag.Get("live") == "true" {
				live = "yes"
			}
			fmt.Fprintf(&b, "| `%s%s` | `%s` | %s | %s |\n", prefix, key, shown(item), live, comment)
		}
	}
	walk("", reflect.ValueOf(nodemetrics.DefaultConfig()))
	return b.String()
}

func shown(v any) string {
	switch v := v.(type) {
	case []any:
		var items []string
		for _, i := range v {
			items = append(items, fmt.Sprint(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		if v == "" {
			return `""`
		}
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}

// fieldComments returns the comments of all struct fields in a file, as a line
// without the field's name.
func fieldComments(t *testing.T, file string) map[string]string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				text := strings.Join(strings.Fields(f.Doc.Text()), " ")
				for _, verb := range []string{" is ", " are ", " says ", " lets "} {
					if rest, ok := strings.CutPrefix(text, name.Name+verb); ok {
						if verb == " lets " {
							rest = "lets " + rest
						}
						text = strings.ToUpper(rest[:1]) + rest[1:]
						break
					}
				}
				if rest, ok := strings.CutPrefix(text, name.Name+" "); ok {
					text = strings.ToUpper(rest[:1]) + rest[1:]
				}
				comments[spec.Name.Name+"."+name.Name] = strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
			}
		}
		return true
	})
	return comments
}

// embedding is the body of the example that compiles the module in.
func embedding(t *testing.T) string {
	const file = "../../cloud/pkg/nodemetrics/example_test.go"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Example" {
			continue
		}
		body := string(data[set.Position(f.Body.Lbrace).Offset+2 : set.Position(f.Body.Rbrace).Offset])
		return "```go\n" + strings.ReplaceAll(strings.TrimPrefix(body, "\t"), "\n\t", "\n") + "```\n"
	}
	t.Fatalf("%s has no func Example", file)
	return ""
}
