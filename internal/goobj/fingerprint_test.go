package goobj

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// A function and the table of a switch in it refer to each other. What each means must not depend on
// which of them was asked for first: a record and a plan ask in different orders.
func TestFingerprintsDoNotDependOnOrder(t *testing.T) {
	set := load(t, "fmt")
	var forward []Sym
	for _, o := range set.Objects {
		for y := range set.Definitions(o) {
			forward = append(forward, y)
		}
	}
	first, second := NewFingerprinter(set), NewFingerprinter(set)
	for _, y := range forward {
		first.Of(y)
	}
	tables := 0
	for i := len(forward) - 1; i >= 0; i-- {
		y := forward[i]
		if first.Of(y) != second.Of(y) {
			t.Fatalf("%s has two fingerprints", set.NameOf(y))
		}
		if strings.Contains(set.NameOf(y).Name, ".jump") {
			tables++
		}
	}
	if tables == 0 {
		t.Error("no function has a table")
	}
}

// Every package that uses an instance of a generic type has a copy of its descriptor.
func TestCopiesOfATypeHaveOneLayout(t *testing.T) {
	set := load(t, "net/http")
	prints := NewFingerprinter(set)
	copies := 0
	for n, y := range set.AllNames() {
		if !IsType(n.Name) {
			continue
		}
		want, ok := prints.TypeLayout(y)
		for _, d := range set.Dups(y) {
			got, okd := prints.TypeLayout(d)
			if !ok || !okd {
				continue
			}
			copies++
			if got != want {
				t.Errorf("%s has two layouts", n)
			}
		}
	}
	if copies == 0 {
		t.Error("no type has a copy")
	}
}

// load loads a package of the standard library and what it depends on.
func load(t *testing.T, pkg string) *Set {
	t.Helper()
	set := loadBy(t, pkg, (*Set).Load)
	if err := set.Resolve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set
}

// loadBy loads a package and what it depends on into a set that is not resolved.
func loadBy(t *testing.T, pkg string, load func(s *Set, pkg, path string) error) *Set {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	set := newTinySet(t)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		path, file, _ := strings.Cut(lines.Text(), " ")
		if file == "" {
			continue // package unsafe
		}
		if err := load(set, path, file); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// The linker takes equal literals of all packages for one, whether a zero at the end is written down or not. Which one a
// reference leads to depends on the order in which packages are read.
func TestEqualLiteralsHaveOneFingerprint(t *testing.T) {
	set := load(t, "net/http")
	prints := NewFingerprinter(set)
	zeros := 0
	byContent := map[string]Fingerprint{}
	for _, o := range set.Objects {
		for y := range set.AllDefinitions(o) {
			if !set.Hashed(y) || set.Kind(y).IsText() || set.Size(y) > 8 || len(bytes.Trim(set.Data(y), "\x00")) > 0 {
				continue
			}
			relocs := false
			for range set.Relocs(y) {
				relocs = true
			}
			if relocs {
				continue
			}
			zeros++
			key := fmt.Sprint(set.Kind(y), set.Size(y))
			if other, ok := byContent[key]; ok && other != prints.Of(y) {
				t.Errorf("%s, %d bytes of zeros of which %d are written down, has a fingerprint of its own", set.NameOf(y), set.Size(y), len(set.Data(y)))
			}
			byContent[key] = prints.Of(y)
		}
	}
	if zeros < 2 {
		t.Errorf("there are only %d literals of zeros", zeros)
	}
}
