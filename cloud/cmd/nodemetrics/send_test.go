package main

import (
	"testing"
	"time"
)

// TestSilent follows the restless nodes for as long as three of their periods:
// all of them are silent for a while, longer than the TTL there is without a
// config, some at any time, and the others never.
func TestSilent(t *testing.T) {
	const nodes, interval = 600, 10 * time.Second
	length := map[int]time.Duration{}
	longest := map[int]time.Duration{}
	for at := time.Duration(0); at < 9*silence(interval); at += time.Second {
		now := 0
		for i := range nodes {
			if !silent(i, at, interval) {
				length[i] = 0
				continue
			}
			now++
			length[i] += time.Second
			longest[i] = max(longest[i], length[i])
		}
		if now == 0 && at > 3*silence(interval) {
			t.Fatalf("nobody is silent after %v", at)
		}
	}
	if len(longest) != restless(nodes) {
		t.Errorf("%d nodes fell silent, %d are expected", len(longest), restless(nodes))
	}
	for i, d := range longest {
		if d != silence(interval) {
			t.Errorf("node %d was silent for %v, %v is expected", i, d, silence(interval))
		}
	}
}

func TestReachable(t *testing.T) {
	for bind, want := range map[string]string{
		"0.0.0.0:10005":   "127.0.0.1:10005",
		":10005":          "127.0.0.1:10005",
		"[::]:10005":      "127.0.0.1:10005",
		"127.0.0.1:10005": "127.0.0.1:10005",
		"192.0.2.1:80":    "192.0.2.1:80",
	} {
		if got := reachable(bind); got != want {
			t.Errorf("%s is reached at %s, %s is expected", bind, got, want)
		}
	}
}
