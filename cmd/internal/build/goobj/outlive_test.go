package goobj

import (
	"os"
	"strings"
	"testing"
)

// Names are kept by what outlives the objects that they were read from, such as what a session remembers of a source.
func TestNamesOutliveSet(t *testing.T) {
	s := load(t, "strings")
	var names, files []string
	for _, o := range s.Objects {
		files = append(files, o.Files()...)
		for y := range s.Definitions(o) {
			names = append(names, s.NameOf(y).Name)
		}
	}
	s.Close()
	if len(names) < 100 || len(files) == 0 {
		t.Fatalf("%d names and %d files", len(names), len(files))
	}
	// Without an archive behind them this ends the test's process.
	found := false
	for _, n := range append(names, files...) {
		found = found || strings.Contains(n, "Builder")
	}
	if !found {
		t.Errorf("no name of strings.Builder among %d", len(names))
	}
	if maps, err := os.ReadFile("/proc/self/maps"); err == nil && strings.Contains(string(maps), "_pkg_.a") {
		t.Errorf("the archive is mapped still:\n%s", maps)
	}
}
