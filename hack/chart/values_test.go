package chart

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// schema is as much of a JSON schema as values.schema.json uses here.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Properties           map[string]schema
	AdditionalProperties any
	Required             []string
	Definitions          map[string]schema
	Items                *schema
}

func readSchema(t *testing.T) schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal([]byte(read(t, chart+"/values.schema.json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaIsWhole: the schema has the keys of values.yaml and no others, and lets no
// object have a key that it does not know.
func TestSchemaIsWhole(t *testing.T) {
	s := readSchema(t)
	var values map[string]any
	readYAML(t, chart+"/values.yaml", &values)
	walk(t, "", s, s, values)
	for name, definition := range s.Definitions {
		closed(t, "definitions."+name, definition)
	}
}

// walk compares what the schema says of an object with the object's default.
func walk(t *testing.T, path string, whole, s schema, value any) {
	t.Helper()
	s = resolve(whole, s)
	object, ok := value.(map[string]any)
	if !ok || s.Properties == nil {
		return
	}
	closed(t, path, s)
	if len(object) == 0 {
		return // all keys of it are the user's
	}
	for key := range object {
		if _, known := s.Properties[key]; !known {
			t.Errorf("the schema does not know %s.%s", path, key)
		}
	}
	for key, inner := range s.Properties {
		if path == "" && (key == "global" || key == "enabled") {
			continue // helm gives them to a chart that is part of another
		}
		if _, there := object[key]; !there {
			t.Errorf("values.yaml has no %s.%s", path, key)
		}
		walk(t, path+"."+key, whole, inner, object[key])
	}
}

func resolve(whole, s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/definitions/"); ok {
		return whole.Definitions[name]
	}
	return s
}

// closed wants an object to name its keys or to say of what kind they are.
func closed(t *testing.T, path string, s schema) {
	t.Helper()
	if s.Type == "object" && s.AdditionalProperties == nil && path != ".global" && !strings.HasSuffix(path, "Affinity") {
		t.Errorf("the schema lets %s have any key", path)
	}
	for name, inner := range s.Properties {
		closed(t, path+"."+name, inner)
	}
	if s.Items != nil {
		closed(t, path+"[]", *s.Items)
	}
}

// TestWrongValues: a key that does not exist, a value of another type, and values that
// contradict each other are errors which name the place.
func TestWrongValues(t *testing.T) {
	const digest = "reporter.image.digest=sha256:0"
	for set, says := range map[string]string{
		"nodeSelector.a=b":                    "additional properties 'nodeSelector' not allowed",
		"scrape.intervall=30s":                "at '/scrape': additional properties 'intervall' not allowed",
		"scrape.interval=30":                  "at '/scrape/interval': got number, want string",
		"scrape.interval=30sec":               "at '/scrape/interval': '30sec' does not match pattern",
		"scrape.kind=PodMonitors":             "at '/scrape/kind': value must be one of",
		"scrape.limits.samples=0":             "at '/scrape/limits/samples': minimum",
		"scrape.limits.bodySize=512":          "at '/scrape/limits/bodySize'",
		"scrape.limits.bodySize=512MiB":       "at '/scrape/limits/bodySize'",
		"scrape.labels.a=true":                "at '/scrape/labels/a': got boolean, want string",
		"scrape.labels.a=b c":                 "at '/scrape/labels/a': 'b c' does not match pattern",
		"scrape.tokenSecret.name=a":           "at '/scrape/tokenSecret'",
		"scrape.namespace=Monitoring":         "at '/scrape/namespace'",
		"scrape.namespace=a.b":                "at '/scrape/namespace'",
		"scrape.relabelings[0].action=dropp":  "at '/scrape/relabelings/0/action'",
		"reporter.secret=a..b":                "at '/reporter/secret'",
		"reporter.resources.limits.memory=-1": "at '/reporter/resources/limits/memory'",
		"reporter.nodeSelector.a=b c":         "at '/reporter/nodeSelector/a'",
		"cloudcore.podLabels.a=b/c":           "at '/cloudcore/podLabels/a'",
		"networkPolicy.from[0].ipBlock.cidr=10.0.0.0/8,networkPolicy.from[0].podSelector.matchLabels.a=b": "at '/networkPolicy/from/0'",
		"release=5": "at '/release': got number, want string",
		"commonLabels.app\\.kubernetes\\.io/name=x": "app.kubernetes.io/name",
		"reporter.enabled=yes":                      "at '/reporter/enabled': got string, want boolean",
		"reporter=null":                             "missing property 'reporter'",
		"reporter.image=a/b:c":                      "at '/reporter/image': got string, want object",
		"reporter.image.repository=a/b:c":           "at '/reporter/image/repository'",
		"reporter.image.tag=15":                     "at '/reporter/image/tag': got number, want string",
		"reporter.image.tag=null":                   "missing property 'tag'",
		digest:                                      "at '/reporter/image/digest'",
		"reporter.imagePullSecrets[0]=secret":       "at '/reporter/imagePullSecrets/0': got string, want object",
		"reporter.image.pullSecrets=a":              "additional properties 'pullSecrets' not allowed",
		"reporter.options.intervall=30s":            "at '/reporter/options': additional properties 'intervall' not allowed",
		"reporter.options.interval=30":              "at '/reporter/options/interval': got number, want string",
		"reporter.options.topic=sysinfo":            "at '/reporter/options/topic'",
		"reporter.options.topic=a/user/b":           "",
		"reporter.options.broker=127.0.0.1:1884":    "at '/reporter/options/broker'",
		"reporter.options.broker=":                  "at '/reporter/options/broker'",
		"reporter.options.broker=tcp://a:1884":      "",
		"reporter.options.broker=unix:///run/a":     "",
		"reporter.options.qos=2":                    "at '/reporter/options/qos'",
		"reporter.options.host-root=/x":             "additional properties 'host-root' not allowed",
		"reporter.options.password=x":               "additional properties 'password' not allowed",
		"reporter.tolerations.key=a":                "at '/reporter/tolerations': got object, want array",
		"reporter.tolerations[0].op=Exists":         "at '/reporter/tolerations/0': additional properties 'op' not allowed",
		"reporter.resources.request.cpu=1":          "at '/reporter/resources': additional properties 'request' not allowed",
		"reporter.resources.limits.memory=1x":       "at '/reporter/resources/limits/memory'",
		"reporter.nodeSelector.a=1":                 "at '/reporter/nodeSelector/a': got number, want string",
		"reporter.maxUnavailable=0":                 "at '/reporter/maxUnavailable'",
		"reporter.maxUnavailable=10":                "",
		"reporter.priorityClass=a":                  "additional properties 'priorityClass' not allowed",
		"cloudcore.port=metrics":                    "at '/cloudcore/port': got string, want integer",
		"cloudcore.port=70000":                      "at '/cloudcore/port': maximum",
		"networkPolicy.from[0].namespace=a":         "at '/networkPolicy/from/0': additional properties 'namespace' not allowed",

		"scrape.tls.serverName=a": "scrape.tls.enabled is false",
		"scrape.tls.enabled=true,scrape.tls.certSecret.name=a,scrape.tls.certSecret.key=b": "go together",
		"scrape.basicAuth.username.name=a,scrape.basicAuth.username.key=b":                 "go together",
		"scrape.interval=30s,scrape.timeout=1m":                                            "scrape.timeout 1m is longer than scrape.interval 30s",
		"scrape.interval=1m30s,scrape.timeout=90s":                                         "",
		"scrape.interval=1m30s,scrape.timeout=90001ms":                                     "is longer than",
		"scrape.kind=ConfigMap,authorization.enabled=true":                                 "scrape.files.token must name",
		"scrape.files.token=/a":                                                            "scrape.files is for scrape.kind ConfigMap",
		"scrape.kind=ConfigMap,scrape.tokenSecret.name=a,scrape.tokenSecret.key=b":         "scrape.kind is ConfigMap",
		"scrape.relabelings[0].source_labels[0]=a":                                         "a ServiceMonitor says sourceLabels",
		"scrape.kind=PodMonitor,scrape.metricRelabelings[0].target_label=a":                "scrape.metricRelabelings[0] has target_label",
		"scrape.kind=ConfigMap,scrape.relabelings[0].targetLabel=a":                        "own configuration says target_label",
		"scrape.kind=ConfigMap,scrape.relabelings[0].target_label=a":                       "",
		"reporter.tls.clientCertificate=true":                                              "reporter.tls.secret names no Secret",
		"reporter.tls.secret=a,reporter.options.tls-ca-file=/b":                            "leave them out of reporter.options",
		"authorization.enabled=true,scrape.basicAuth.username.name=a,scrape.basicAuth.username.key=b,scrape.basicAuth.password.name=a,scrape.basicAuth.password.key=b": "a scrape has one of them",
	} {
		_, said, err := helm(t, "template", "edgegauge", chart, "--set", set)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(said, says)) {
			t.Errorf("--set %s: error %v, want one that says %q:\n%s", set, err, says, said)
		}
	}
}

// TestOptions: the options of the reporter are its flags, and reach it as its
// environment.
func TestOptions(t *testing.T) {
	flags := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\|").FindAllStringSubmatch(read(t, root+"/edge/README.md"), -1) {
		flags[m[1]] = true
	}
	// What the chart sets, and what is not for a DaemonSet.
	for _, name := range []string{"host-root", "custom-dir", "once", "output", "version"} {
		if !flags[name] {
			t.Errorf("the reporter has no flag --%s any more", name)
		}
		delete(flags, name)
	}
	options := readSchema(t).Definitions["options"].Properties
	if got, want := slices.Sorted(maps.Keys(options)), slices.Sorted(maps.Keys(flags)); !slices.Equal(got, want) {
		t.Errorf("the schema has the options\n%q, the reporter the flags\n%q", got, want)
	}
	for name, value := range map[string]string{"interval": "30s", "qos": "0", "tls-insecure-skip-verify": "true", "client-id": "a"} {
		all := render(t, "--set", "reporter.options."+name+"="+value)
		key := "SYSINFO_REPORTER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if got := only(t, all, "reporter-configmap.yaml").object["data"].(map[string]any)[key]; got != value {
			t.Errorf("with the option %s %s is %v", name, key, got)
		}
		if !strings.Contains(only(t, all, "reporter-daemonset.yaml").text, "edgegauge/options: ") {
			t.Errorf("with the option %s pods would go on without it", name)
		}
	}
}

// TestNamesLikeNumbers: what YAML takes for a number, a bool or nothing is a name all
// the same, wherever it stands, and so is what has signs that YAML gives a meaning.
func TestNamesLikeNumbers(t *testing.T) {
	values := t.TempDir() + "/values.yaml"
	for _, word := range []string{"123", "1e3", "true", "null", "on", "0x1f", "1.5"} {
		name := strconv.Quote(word)
		namespace := strconv.Quote(strings.ReplaceAll(word, ".", "-"))
		text := strings.NewReplacer("NAMESPACE", namespace, "NAME", name, "PATH", strconv.Quote("/"+word+": #"), "HOST", strconv.Quote(word)).Replace(`
release: NAME
namespace: NAMESPACE
commonLabels: {a: NAME}
cloudcore: {serviceAccount: NAME, podLabels: {a: NAME}}
reporter:
  secret: NAME
  tls: {secret: NAME}
  customDir: PATH
  serviceAccountName: NAME
  priorityClassName: NAME
  imagePullSecrets: [{name: NAME}]
  image: {repository: NAME, tag: NAME}
  maxUnavailable: 2000000
  options: {username: NAME, interval: 30s}
scrape:
  namespace: NAMESPACE
  tls: {enabled: true, serverName: HOST}
scrapeRBAC: {enabled: true, serviceAccount: {name: NAME, namespace: NAMESPACE}}
rules: {namespace: NAMESPACE}
dashboards: {namespace: NAMESPACE}
alertmanagerConfig: {enabled: true}
authorization: {enabled: true}
networkPolicy: {enabled: true}
`)
		for _, kind := range []string{"ServiceMonitor", "PodMonitor", "ConfigMap"} {
			arguments := []string{"--values", values, "--set", "scrape.kind=" + kind}
			if kind == "ConfigMap" {
				arguments = append(arguments, "--set-string", "scrape.files.token=/"+word+": #")
			}
			if err := os.WriteFile(values, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			all := render(t, arguments...)
			for _, d := range all {
				onlyStrings(t, word+", "+d.String(), d.object)
			}
			daemonSet := only(t, all, "reporter-daemonset.yaml").text
			if !strings.Contains(daemonSet, "maxUnavailable: 2000000\n") {
				t.Errorf("%s: maxUnavailable is no whole number:\n%s", word, daemonSet)
			}
			if kind != "ConfigMap" {
				continue
			}
			var file struct {
				ScrapeConfigs []map[string]any `json:"scrape_configs"`
			}
			config := only(t, all, "scrape-configmap.yaml").object["data"].(map[string]any)["edgegauge.scrape.yaml"].(string)
			if err := yaml.Unmarshal([]byte(config), &file); err != nil {
				t.Fatal(err)
			}
			onlyStrings(t, word+", the scrape configuration", file.ScrapeConfigs[0])
			if got := file.ScrapeConfigs[0]["authorization"].(map[string]any)["credentials_file"]; got != "/"+word+": #" {
				t.Errorf("the token's file is %v", got)
			}
		}
	}
}

// onlyStrings wants a string wherever Kubernetes and Prometheus want a name.
func onlyStrings(t *testing.T, where string, value any) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			onlyStrings(t, where, v)
		}
	case map[string]any:
		for key, v := range value {
			switch key {
			case "name", "namespace", "secretName", "serviceAccountName", "priorityClassName", "image", "path", "serverName", "server_name", "credentials_file":
				if _, ok := v.(string); !ok {
					t.Errorf("%s: %s is %v, which is no string", where, key, v)
				}
			case "labels", "matchLabels", "matchNames", "names", "selector":
				every(t, where+", "+key, v)
			}
			onlyStrings(t, where, v)
		}
	}
}

// every wants nothing but strings in a list or object that has no further ones in it.
func every(t *testing.T, where string, value any) {
	t.Helper()
	var all []any
	switch value := value.(type) {
	case []any:
		all = value
	case map[string]any:
		for _, v := range value {
			all = append(all, v)
		}
	}
	for _, v := range all {
		switch v.(type) {
		case string, map[string]any, []any:
		default:
			t.Errorf("%s has %v, which is no string", where, v)
		}
	}
}

// TestEveryValueCounts: each value that a user may set changes what is rendered.
func TestEveryValueCounts(t *testing.T) {
	before := texts(render(t))
	for _, set := range []string{
		"release=a", "namespace=a", "reporter.serviceAccountName=a", "commonLabels.a=b", "cloudcore.podLabels.a=b", "cloudcore.port=1",
		"reporter.enabled=false", "reporter.image.repository=a", "reporter.image.tag=b", "reporter.image.pullPolicy=Never",
		"reporter.imagePullSecrets[0].name=a", "reporter.options.interval=30s", "reporter.secret=a", "reporter.tls.secret=a",
		"reporter.customDir=/a", "reporter.nodeSelector.a=b", "reporter.tolerations[0].key=a", "reporter.priorityClassName=a",
		"reporter.resources.limits.memory=1Gi", "reporter.maxUnavailable=1", "reporter.podLabels.a=b", "reporter.podAnnotations.a=b",
		"scrape.enabled=false", "scrape.kind=PodMonitor", "scrape.namespace=a", "scrape.labels.a=b", "scrape.interval=1m", "scrape.timeout=1s",
		"scrape.limits.samples=1", "scrape.limits.labels=1", "scrape.limits.labelNameLength=1", "scrape.limits.labelValueLength=1", "scrape.limits.bodySize=1GB",
		"scrape.tls.enabled=true", "scrape.tokenSecret.name=a,scrape.tokenSecret.key=b", "scrape.relabelings[0].action=labelkeep", "scrape.metricRelabelings[0].action=labelkeep",
		"authorization.enabled=true", "scrapeRBAC.enabled=true", "rules.enabled=false", "rules.kind=ConfigMap", "rules.namespace=a", "rules.labels.a=b",
		"dashboards.enabled=false", "dashboards.namespace=a", "dashboards.labels.a=b", "dashboards.annotations.a=b",
		"alertmanagerConfig.enabled=true", "networkPolicy.enabled=true",
	} {
		if after := texts(render(t, "--set", set)); after == before {
			t.Errorf("--set %s changes nothing", set)
		}
	}
}

// TestNobodyMayRead: a list that is empty is one, and not nothing.
func TestNobodyMayRead(t *testing.T) {
	policy := only(t, render(t, "--set", "networkPolicy.enabled=true", "--set-json", "networkPolicy.openPorts=[],networkPolicy.from=[]"), "networkpolicy.yaml")
	if ingress, ok := policy.object["spec"].(map[string]any)["ingress"].([]any); !ok || len(ingress) != 0 {
		t.Errorf("the policy lets in\n%s", policy.text)
	}
}

func texts(all []document) string {
	var text strings.Builder
	for _, d := range all {
		text.WriteString(d.text)
	}
	return text.String()
}
