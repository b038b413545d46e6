package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = `package p

import "fmt"

const limit = 5

func f(a, b int) (string, error) {
	if a < b && a != 0 {
		fmt.Println("x y")
		return "name", nil
	}
	a++
	klog.InfoS("not looked at", "a", 1)
	for i := 0; i < limit; i++ {
		continue
	}
	return "", nil
}
`

func TestChangesOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := changesOf(file)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, c := range all {
		text := sample[:c.from] + c.fresh + sample[c.to:]
		if text == sample || sample[c.from:c.to] != c.old {
			t.Errorf("%s changes nothing, or something else", c)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if strings.Contains(c.in, "klog") {
			t.Errorf("%s: what is only logged is changed", c)
		}
		_, what, _ := strings.Cut(c.key(), ": ")
		made[what] = true
	}
	for _, want := range []string{
		"5 => (5+1) in: const limit = 5",
		"5 => (5-1) in: const limit = 5",
		"< => <= in: if a < b && a != 0 {",
		"&& => || in: if a < b && a != 0 {",
		"!= => == in: if a < b && a != 0 {",
		"a < b && a != 0 => !(a < b && a != 0) in: if a < b && a != 0 {",
		"a < b && a != 0 => false && (a < b && a != 0) in: if a < b && a != 0 {",
		`fmt.Println("x y") => (removed) in: fmt.Println("x y")`,
		`"x y" => "" in: fmt.Println("x y")`,
		`"name" => "namex" in: return "name", nil`,
		"a++ => (removed) in: a++",
		"continue => (removed) in: continue",
	} {
		if !made[want] {
			t.Errorf("%s is not tried; what is:\n%v", want, made)
		}
	}
}

func TestSame(t *testing.T) {
	same, err := readSame("same.txt")
	if err != nil || len(same) == 0 {
		t.Fatalf("%d lines, error %v", len(same), err)
	}
	for line := range same {
		file, what, ok := strings.Cut(line, ": ")
		if !ok || !strings.Contains(what, " => ") || !strings.Contains(what, " in: ") {
			t.Errorf("%q is not as the command prints it", line)
		}
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Error(err)
			continue
		}
		_, in, _ := strings.Cut(what, " in: ")
		found := false
		for _, l := range strings.Split(string(text), "\n") {
			found = found || short(l) == in
		}
		if !found {
			t.Errorf("%s has no line %q any more", file, in)
		}
	}
	if same, err := readSame("none"); err != nil || len(same) != 0 {
		t.Errorf("without a file: %d lines, error %v", len(same), err)
	}
}
