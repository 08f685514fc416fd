package goobj_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// literals is a program with a function that is inlined in two others. There its literal is compiled again,
// and calls what the original has inlined.
const literals = `package main

var table [256]uint8

func control(r rune) bool {
	if uint32(r) <= 255 {
		return table[uint8(r)]&1 != 0
	}
	return false
}

//go:noinline
func each(f func(rune) rune, s string) (out rune) {
	for _, r := range s {
		out += f(r)
	}
	return out
}

func printable(s string) rune {
	return each(func(r rune) rune {
		if r == '\t' || control(r) {
			return ' '
		}
		return r
	}, s)
}

//go:noinline
func one() rune { return printable("one") }

//go:noinline
func other() rune { return printable("other") }

var global = func() int { return 7 }

//go:noinline
func outer() func() func() int {
	return func() func() int {
		return func() int { return 3 }
	}
}

func main() {
	if one() == 1 {
		global = nil
	}
	println(one(), other(), global(), outer()()())
}
`

// closuresNamed are the functions whose name, without what tells copies apart, is name, by full name.
func closuresNamed(t *testing.T, set *goobj.Set, name string) map[string]goobj.Sym {
	t.Helper()
	found := map[string]goobj.Sym{}
	for _, o := range set.Objects {
		for y := range set.Definitions(o) {
			n := set.NameOf(y)
			if !set.Kind(y).IsText() || goobj.WithoutCopy(n.Name) != name {
				continue
			}
			if _, twice := found[n.Name]; twice {
				t.Errorf("two functions are named %s", n.Name)
			}
			found[n.Name] = y
			if again, ok := set.Lookup(n.Name, n.ABI); !ok || again != y {
				t.Errorf("looking up %s gives symbol %d, %v, not %d", n.Name, again, ok, y)
			}
		}
	}
	return found
}

// TestCopiesOfLiterals compiles with the release from which on the names of literals are not unique.
func TestCopiesOfLiterals(t *testing.T) {
	version := testprogram.Toolchains[len(testprogram.Toolchains)-1]
	rel, err := gorelease.Of(version)
	if err != nil {
		t.Fatal(err)
	}
	if !rel.ClosuresByContent {
		t.Fatalf("%s does not tell literals apart by content", version)
	}
	env := testprogram.Toolchain(t, version)
	dir := testprogram.Write(t, "-- main.go --\n"+literals)
	set := objects(t, dir, env, rel)

	const literal = "main.printable.func1"
	before := closuresNamed(t, set, literal)
	if len(before) != 2 {
		t.Fatalf("the literal has %d contents: %v", len(before), before)
	}
	original, ok := before[literal]
	if !ok {
		t.Fatalf("none of %v has the plain name", before)
	}
	for _, r := range set.Relocs(original) {
		if set.NameOf(r.Sym).Name == "main.control" && r.Size > 0 {
			t.Errorf("%s calls what the original has inlined", literal)
		}
	}
	for _, name := range []string{"main.outer.func1", "main.outer.func1.1", "main.init.func1"} {
		if found := closuresNamed(t, set, name); len(found) != 1 || found[name] == 0 {
			t.Errorf("%s is %v", name, found)
		}
	}

	// An edit that is not of the literal changes none of the names; one that is changes those of the copies.
	for _, c := range []struct {
		from, to string
		same     int
	}{
		{"return 7", "return 8", 2},
		{"return ' '", "return '.'", 1},
		{"&1 != 0", "&2 != 0", 2},
	} {
		edited := strings.Replace(literals, c.from, c.to, 1)
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(edited), 0o666); err != nil {
			t.Fatal(err)
		}
		same := 0
		after := closuresNamed(t, objects(t, dir, env, rel), literal)
		for name := range after {
			if _, ok := before[name]; ok {
				same++
			}
		}
		if same != c.same || len(after) != 2 {
			t.Errorf("%q instead of %q: %d names are as before, not %d: %v and %v", c.to, c.from, same, c.same, before, after)
		}
	}
}

// remembering is a program with a literal that is inlined twice into one function, and once into another. Each copy
// remembers the types that it met, in data of its own, and is the same otherwise.
const remembering = `package main

type walker interface{ Walk() int }

type dog struct{}

func (dog) Walk() int { return 4 }

//go:noinline
func each(f func(any) int, of ...any) (n int) {
	for _, x := range of {
		n += f(x)
	}
	return n
}

func legs(of ...any) int {
	return each(func(x any) int {
		if w, ok := x.(walker); ok {
			return w.Walk()
		}
		return 0
	}, of...)
}

//go:noinline
func one() int { return legs(dog{}) + legs(1, dog{}) }

//go:noinline
func other() int { return legs(dog{}, dog{}) }

func main() { println(one(), other()) }
`

// TestCopiesOfOneContent names copies that differ in nothing but the data that is theirs.
func TestCopiesOfOneContent(t *testing.T) {
	version := testprogram.Toolchains[len(testprogram.Toolchains)-1]
	rel, err := gorelease.Of(version)
	if err != nil {
		t.Fatal(err)
	}
	env := testprogram.Toolchain(t, version)
	dir := testprogram.Write(t, "-- main.go --\n"+remembering)
	set := objects(t, dir, env, rel)
	before := closuresNamed(t, set, "main.legs.func1")
	if len(before) < 3 {
		t.Fatalf("of the original and its copies there are %v", before)
	}
	prints := goobj.NewFingerprinter(set)
	contents := map[goobj.Fingerprint]int{}
	for name, y := range before {
		if name != "main.legs.func1" {
			contents[prints.Of(y)]++
		}
	}
	if len(contents) != 1 {
		t.Fatalf("the copies have %d contents; this test is of those with one", len(contents))
	}

	// One copy less leaves the names of the others, and an edit of the literal takes them all away.
	for _, c := range []struct {
		from, to  string
		gone, new int
	}{
		{"legs(dog{}, dog{})", "7", 1, 0},
		{"legs(dog{}, dog{})", "legs(dog{}, dog{}) + legs()", 0, 1},
		{"return 0", "return 1", len(before) - 1, len(before) - 1},
	} {
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(strings.Replace(remembering, c.from, c.to, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		after := closuresNamed(t, objects(t, dir, env, rel), "main.legs.func1")
		gone, added := 0, 0
		for name := range before {
			if _, ok := after[name]; !ok {
				gone++
			}
		}
		for name := range after {
			if _, ok := before[name]; !ok {
				added++
			}
		}
		if gone != c.gone || added != c.new {
			t.Errorf("%q instead of %q: %d names are gone and %d new, not %d and %d: %v and %v", c.to, c.from, gone, added, c.gone, c.new, before, after)
		}
	}
}
