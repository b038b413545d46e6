package statuspage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

// TestOpenAPI holds the answers to the document: every field is described, what is
// required is there, and types and enumerations fit.
func TestOpenAPI(t *testing.T) {
	r := newRegistry(t, registry.Options{ExpectGrace: time.Hour})
	put(t, r, "up", report(t, `{"timestamp":1,"intervalSeconds":60,"cpu":{"load1":0.25},"networks":[{"device":"eth0","receiveBytesTotal":1}]}`))
	if err := r.Expect("to-come"); err != nil {
		t.Fatal(err)
	}
	example := &statuspage.Example{Time: time.Now(), Resource: "node/a/b", Error: "wrong"}
	h := statuspage.New(r, &host{
		rejected: map[string]statuspage.Rejection{"up": {Reason: "wrong_type", Error: "wrong", Time: time.Now()}},
		overview: statuspage.Overview{
			Settings: []statuspage.Setting{{Name: "nodeTTL", Value: "3m"}}, Limits: []statuspage.Limit{{Name: "nodes", Used: 1, Limit: 2}},
			Rejected: []statuspage.Problem{{Reason: "late", Count: 1, Newest: example}}, Dropped: []statuspage.Problem{{Reason: "x", Count: 1}},
		}})
	var document map[string]any
	getJSON(t, h, "/api/v1/openapi.json", &document)
	c := checker{t: t, document: document}
	for path, operation := range map[string]string{
		"/status": "/status", "/nodes": "/nodes", "/nodes?limit=1": "/nodes", "/nodes/up": "/nodes/{name}", "/nodes/to-come": "/nodes/{name}",
		"/nodes?sort=colour": "/nodes", "/nodes?page=-1": "/nodes", "/nodes/up?page=1": "/nodes/{name}", "/status?page=1": "/status", "/nodes/stranger": "/nodes/{name}",
	} {
		status, text := get(t, h, "/api/v1"+path)
		var answer any
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		c.check(path, c.at("paths", operation, "get", "responses", fmt.Sprint(status), "content", "application/json", "schema"), answer)
	}
	// The parameters that are described are those that there are.
	var parameters []string
	for _, p := range c.at("paths", "/nodes", "get", "parameters").([]any) {
		name := p.(map[string]any)["name"].(string)
		parameters = append(parameters, name)
		value := map[string]string{"limit": "5", "sort": "series", "order": "descending", "state": "fresh", "after": "0:a", "before": "0:a", "search": "a"}[name]
		if status, text := get(t, h, "/api/v1/nodes?"+name+"="+value); status != http.StatusOK {
			t.Errorf("%s=%s: %d %s", name, value, status, text)
		}
	}
	if got := strings.Join(parameters, " "); got != "search state sort order limit after before" {
		t.Errorf("the parameters are %s", got)
	}
	for _, sort := range c.at("paths", "/nodes", "get", "parameters").([]any)[2].(map[string]any)["schema"].(map[string]any)["enum"].([]any) {
		if status, _ := get(t, h, fmt.Sprint("/api/v1/nodes?sort=", sort)); status != http.StatusOK {
			t.Errorf("sort=%v: %d", sort, status)
		}
	}
}

// checker knows of JSON Schema what the document uses.
type checker struct {
	t        *testing.T
	document map[string]any
}

func (c *checker) at(path ...string) any {
	c.t.Helper()
	var at any = c.document
	for i, step := range path {
		next, ok := at.(map[string]any)[step]
		if !ok {
			c.t.Fatalf("the document has no %s", strings.Join(path[:i+1], " → "))
		}
		at = next
	}
	return at
}

func (c *checker) check(where string, schema, v any) {
	c.t.Helper()
	s := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		c.check(where, c.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), v)
		return
	}
	if one, ok := s["oneOf"].([]any); ok {
		if v == nil {
			return
		}
		c.check(where, one[0], v)
		return
	}
	types := fmt.Sprint(s["type"])
	switch v := v.(type) {
	case nil:
		if !strings.Contains(types, "null") {
			c.t.Errorf("%s is null, want %s", where, types)
		}
	case string:
		if !strings.Contains(types, "string") {
			c.t.Errorf("%s is the string %q, want %s", where, v, types)
		}
		if enum, ok := s["enum"].([]any); ok && !strings.Contains(fmt.Sprint(enum), v) {
			c.t.Errorf("%s is %q, want one of %v", where, v, enum)
		}
		if s["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
				c.t.Errorf("%s: %v", where, err)
			}
		}
	case bool:
		if types != "boolean" {
			c.t.Errorf("%s is a bool, want %s", where, types)
		}
	case float64:
		if !strings.Contains(types, "number") && !strings.Contains(types, "integer") || types == "integer" && v != float64(int64(v)) {
			c.t.Errorf("%s is %v, want %s", where, v, types)
		}
	case []any:
		if !strings.Contains(types, "array") {
			c.t.Fatalf("%s is a list, want %s", where, types)
		}
		for i := range v {
			c.check(fmt.Sprintf("%s[%d]", where, i), s["items"], v[i])
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for name, value := range v {
			if p, ok := properties[name]; ok {
				c.check(where+"."+name, p, value)
			} else if more, ok := s["additionalProperties"]; ok {
				c.check(where+"."+name, more, value)
			} else {
				c.t.Errorf("%s.%s is not described", where, name)
			}
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				c.t.Errorf("%s.%s is missing", where, name)
			}
		}
	}
}
