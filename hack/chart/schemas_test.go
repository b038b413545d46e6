package chart

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// The schemas are those of what the end-to-end stack runs: Kubernetes' from the API
// description in its source, the operator's from its CRDs.

// kinds are those of Kubernetes that the chart makes, by their names in the API.
var kinds = map[string]string{
	"apps/v1 DaemonSet":                               "io.k8s.api.apps.v1.DaemonSet",
	"v1 ConfigMap":                                    "io.k8s.api.core.v1.ConfigMap",
	"v1 Secret":                                       "io.k8s.api.core.v1.Secret",
	"v1 Service":                                      "io.k8s.api.core.v1.Service",
	"v1 ServiceAccount":                               "io.k8s.api.core.v1.ServiceAccount",
	"networking.k8s.io/v1 NetworkPolicy":              "io.k8s.api.networking.v1.NetworkPolicy",
	"rbac.authorization.k8s.io/v1 Role":               "io.k8s.api.rbac.v1.Role",
	"rbac.authorization.k8s.io/v1 RoleBinding":        "io.k8s.api.rbac.v1.RoleBinding",
	"rbac.authorization.k8s.io/v1 ClusterRole":        "io.k8s.api.rbac.v1.ClusterRole",
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": "io.k8s.api.rbac.v1.ClusterRoleBinding",
}

// TestKubeconform has kubeconform look at what is rendered, and sees that it would
// notice what is wrong.
func TestKubeconform(t *testing.T) {
	folder := t.TempDir()
	writeKubernetes(t, folder)
	writeOperator(t, folder)
	program := filepath.Join(folder, "kubeconform")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/yannh/kubeconform/cmd/kubeconform").CombinedOutput(); err != nil {
		t.Fatalf("building kubeconform: %v\n%s", err, out)
	}
	conform := func(text string) (string, error) {
		command := exec.Command(program, "-strict", "-summary", "-schema-location", folder+"/{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json", "-")
		command.Stdin = strings.NewReader(text)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	all := ""
	for name, values := range cases(t) {
		var text strings.Builder
		for _, d := range render(t, "--values", values) {
			text.WriteString("---\n" + d.text)
		}
		if out, err := conform(text.String()); err != nil || !strings.Contains(out, "Invalid: 0, Errors: 0, Skipped: 0") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		all += text.String()
	}
	// The manifests for kubectl, those that are written by hand too.
	files, err := filepath.Glob(root + "/manifests/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		text := read(t, file)
		// Parts of objects, and files that are none.
		if strings.Contains(file, "/cloudcore/") || strings.HasSuffix(file, "kustomization.yaml") || !strings.Contains(text, "\nkind: ") {
			continue
		}
		checked++
		if out, err := conform(text); err != nil || !strings.Contains(out, "Invalid: 0, Errors: 0, Skipped: 0") {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
	if checked < 10 {
		t.Errorf("%d manifests looked at", checked)
	}
	for kind := range kinds {
		_, kind, _ = strings.Cut(kind, " ")
		if !strings.Contains(all, "\nkind: "+kind+"\n") {
			t.Errorf("no values of testdata make a %s", kind)
		}
	}
	for right, wrong := range map[string]string{
		"hostNetwork: true":     "hostNetworks: true",
		"runAsUser: 65534":      "runAsUser: nobody",
		"sampleLimit: 1100000":  "sampleLimit: many",
		"  bodySizeLimit:":      "  bodySizeLimits:",
		"clusterIP: None":       "clusterIP: [None]",
		"nonResourceURLs:":      "nonResourceURL:",
		"equal: [cluster]":      "equal: cluster",
		"podMetricsEndpoints:":  "podMetricEndpoints:",
		"- alert: EdgeNodeDown": "- alarm: EdgeNodeDown",
		"policyTypes:":          "policyType:",
	} {
		if !strings.Contains(all, right) {
			t.Errorf("nothing has %q", right)
			continue
		}
		if out, err := conform(strings.ReplaceAll(all, right, wrong)); err == nil {
			t.Errorf("kubeconform takes %q:\n%s", wrong, out)
		}
	}
}

// writeKubernetes writes the schemas of Kubernetes' kinds.
func writeKubernetes(t *testing.T, folder string) {
	t.Helper()
	var api struct{ Definitions map[string]any }
	if err := json.Unmarshal([]byte(read(t, module(t, "kubernetes", "k8s.io/kubernetes")+"/api/openapi-spec/swagger.json")), &api); err != nil {
		t.Fatal(err)
	}
	for kind, name := range kinds {
		apiVersion, kind, _ := strings.Cut(kind, " ")
		writeSchema(t, folder, apiVersion, kind, strict(api.Definitions[name], api.Definitions))
	}
}

// writeOperator writes those of the operator's CRDs.
func writeOperator(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(module(t, "operator", "github.com/prometheus-operator/prometheus-operator") + "/example/prometheus-operator-crd/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("CRDs: %v, %v", files, err)
	}
	for _, file := range files {
		var crd struct {
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct{ OpenAPIV3Schema any }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, version := range crd.Spec.Versions {
			writeSchema(t, folder, crd.Spec.Group+"/"+version.Name, crd.Spec.Names.Kind, strict(version.Schema.OpenAPIV3Schema, nil))
		}
	}
}

func writeSchema(t *testing.T, folder, apiVersion, kind string, schema any) {
	t.Helper()
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = apiVersion, apiVersion // as kubeconform says it of the core group
	}
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, group+"_"+version+"_"+strings.ToLower(kind)+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// strict is a schema with what it refers to put in its place, in which no object has
// keys that it does not name.
func strict(schema any, definitions map[string]any) any {
	switch schema := schema.(type) {
	case []any:
		list := make([]any, len(schema))
		for i := range schema {
			list[i] = strict(schema[i], definitions)
		}
		return list
	case map[string]any:
		if ref, ok := schema["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/definitions/")
			switch name {
			case "io.k8s.apimachinery.pkg.util.intstr.IntOrString":
				return map[string]any{"type": []string{"integer", "string"}}
			case "io.k8s.apimachinery.pkg.api.resource.Quantity":
				return map[string]any{"type": []string{"number", "string"}}
			}
			return strict(definitions[name], definitions)
		}
		result := make(map[string]any)
		for key, value := range schema {
			if key == "description" || strings.HasPrefix(key, "x-kubernetes") || key == "format" {
				continue
			}
			result[key] = strict(value, definitions)
		}
		if schema["x-kubernetes-int-or-string"] == true {
			result["type"] = []string{"integer", "string"}
			delete(result, "anyOf")
		}
		// Of metadata a CRD says only that it is an object.
		if _, has := schema["properties"].(map[string]any); has && schema["additionalProperties"] == nil && schema["x-kubernetes-preserve-unknown-fields"] != true {
			result["additionalProperties"] = false
		}
		return result
	}
	return schema
}

// module returns the folder of a module that the end-to-end stack builds from.
func module(t *testing.T, build, path string) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", path)
	command.Dir = root + "/hack/e2e/build/" + build
	out, err := command.Output()
	if err != nil {
		t.Fatalf("looking for %s: %v", path, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found.Dir
}
