package goobj

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A function and the table of a switch in it refer to each other. What each means must not depend on
// which of them was asked for first: a record and a plan ask in different orders.
func TestFingerprintsDoNotDependOnOrder(t *testing.T) {
	if askInBothOrders(t, load(t, "fmt"), ".jump") == 0 {
		t.Error("no function has a table")
	}
}

// Generic functions that call each other have dictionaries that refer to each other. The last package of the
// program has two such pairs, one of which leads to the other.
func TestFingerprintsOfCyclesDoNotDependOnOrder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module cycles\n\ngo 1.25\n", "cycles.go": cycles} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	set := loadBy(t, dir, ".", func(s *Set, src Source) error { return s.Load(src) })
	defer set.Close()
	if err := set.Resolve(); err != nil {
		t.Fatal(err)
	}
	if n := askInBothOrders(t, set, "cycles..dict."); n < 4 {
		t.Errorf("%d functions have a dictionary", n)
	}
}

const cycles = `package cycles

type named interface{ name() string }

type one struct{}

func (one) name() string { return "one" }

//go:noinline
func even[T named](n int, v T) string {
	if n == 0 {
		return v.name()
	}
	return odd(n-1, v)
}

//go:noinline
func odd[T named](n int, v T) string {
	if n == 0 {
		return ping(n, v) + v.name()
	}
	return even(n-1, v)
}

//go:noinline
func ping[T named](n int, v T) string {
	if n == 0 {
		return v.name()
	}
	return pong(n-1, v) + ping(n-1, v)
}

//go:noinline
func pong[T named](n int, v T) string { return ping(n-1, v) }

func Start(n int) string { return even(n, one{}) }
`

// askInBothOrders compares the fingerprints of all symbols when they are asked for in two orders, and alone when
// part is in their names. It returns how many those are.
func askInBothOrders(t *testing.T, set *Set, part string) int {
	t.Helper()
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
	found := 0
	for _, y := range slices.Backward(forward) {
		if first.Of(y) != second.Of(y) {
			t.Fatalf("%s has two fingerprints", set.NameOf(y))
		}
		if !strings.Contains(set.NameOf(y).Name, part) {
			continue
		}
		found++
		if first.Of(y) != NewFingerprinter(set).Of(y) {
			t.Fatalf("%s has another fingerprint when nothing else is asked for", set.NameOf(y))
		}
	}
	return found
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
	set := loadBy(t, "", pkg, func(s *Set, src Source) error { return s.Load(src) })
	if err := set.Resolve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set
}

// loadBy loads a package, as the go command finds it in dir, and what it depends on into a set that is not resolved.
func loadBy(t *testing.T, dir, pkg string, load func(s *Set, src Source) error) *Set {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", pkg)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	set := newTinySet(t)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		path, file, _ := strings.Cut(lines.Text(), " ")
		if file == "" {
			continue // package unsafe
		}
		if err := load(set, Source{path, file}); err != nil {
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
