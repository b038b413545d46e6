package main

import (
	"os"
	"testing"
)

// TestMain lets the test's binary be the process of a design.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "stalled" {
		if err := run(os.Args[1:]); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// TestStall is the short form of the story: in three seconds the old design has
// piled up what is never answered, and the module nothing.
func TestStall(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	old, err := stallOne(pushNever, 3)
	if err != nil {
		t.Fatal(err)
	}
	if last := old[len(old)-1]; last.Goroutines < stallNodes || last.Descriptors < stallNodes || last.Done != 0 || last.Wait < 1 {
		t.Errorf("the old design, which is here to pile up, is %+v", last)
	}
	now, err := stallOne(pulled, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range now {
		if s.Goroutines > 100 || s.Descriptors > 100 || s.Heap > 100e6 || s.Sent-s.Done > stallNodes/10 {
			t.Errorf("beside %d scrapers that never read: %+v", stallReader, s)
		}
	}
}
