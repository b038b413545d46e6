package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what a workflow of the public forge is made of, as far as it is looked
// at here.
type workflow struct {
	Jobs map[string]struct {
		Uses  string
		Needs string
		Env   map[string]string
		Steps []struct {
			Uses string
			Run  string
			With map[string]any
			Env  map[string]string
		}
	}
}

// inputs are those of the actions that are used here, of which some may be given.
var inputs = map[string][]string{
	"actions/checkout@v4": {"fetch-depth", "persist-credentials", "ref"},
	"actions/setup-go@v5": {"go-version", "go-version-file", "cache", "cache-dependency-path"},
}

// TestWorkflows holds the workflows to what there is: scripts, make's targets, the
// variables that these scripts read, other workflows, jobs, and inputs of actions.
func TestWorkflows(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(names) < 2 {
		t.Fatalf("found %q, error %v", names, err)
	}
	target := regexp.MustCompile(`(?:^|[ ;&])make ([a-z0-9-]+)`)
	script := regexp.MustCompile(`(?:^|[ ;&])((?:hack|edge|\.ci)/[\w./-]+)`)
	commands := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for id, job := range w.Jobs {
			at := filepath.Base(name) + ", " + id
			if job.Needs != "" {
				if _, ok := w.Jobs[job.Needs]; !ok {
					t.Errorf("%s needs %s, which there is not", at, job.Needs)
				}
			}
			if job.Uses != "" {
				called, err := os.ReadFile(filepath.Join(root, job.Uses))
				if err != nil || !strings.Contains(string(called), "workflow_call:") {
					t.Errorf("%s uses %s, which cannot be called (error %v)", at, job.Uses, err)
				}
			}
			for _, step := range job.Steps {
				if (step.Uses == "") == (step.Run == "") {
					t.Errorf("%s: a step uses an action or runs something: %+v", at, step)
				}
				if step.Uses != "" {
					known, ok := inputs[step.Uses]
					if !ok {
						t.Errorf("%s: the inputs of %s are not known here", at, step.Uses)
					}
					for input := range step.With {
						if ok && !slices.Contains(known, input) {
							t.Errorf("%s: %s has no input %s", at, step.Uses, input)
						}
					}
				}
				for _, m := range target.FindAllStringSubmatch(step.Run, -1) {
					commands++
					if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
						t.Errorf("%s: there is no target %s", at, m[1])
					}
					if m[1] == "release" {
						wantRead(t, at, "hack/release.sh", step.Env)
					}
				}
				for _, m := range script.FindAllStringSubmatch(step.Run, -1) {
					commands++
					if info, err := os.Stat(filepath.Join(root, m[1])); err != nil || info.Mode()&0o100 == 0 {
						t.Errorf("%s: %s cannot be run (error %v)", at, m[1], err)
					}
				}
			}
		}
	}
	if commands < 4 {
		t.Errorf("found %d commands", commands)
	}
}

// wantRead wants a script to read each of the variables that it is given.
func wantRead(t *testing.T, at, script string, env map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, script))
	if err != nil {
		t.Fatal(err)
	}
	if len(env) == 0 {
		t.Errorf("%s: %s is given no variable", at, script)
	}
	for name := range env {
		if !strings.Contains(string(text), "${"+name) {
			t.Errorf("%s: %s does not read %s", at, script, name)
		}
	}
}
