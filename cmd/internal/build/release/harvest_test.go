package release_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

const smallProgram = `-- main.go --
package main

import "fmt"

type animal interface{ sound() string }

type dog struct{ names []string }

func (d *dog) sound() string { return d.names[len(d.names)-1] }

func (d dog) String() string { return "dog" }

var zoo = map[string]animal{"a": &dog{[]string{"wau"}}, "b": &dog{[]string{"wuff"}}}

func each[T any](list []T, f func(T)) {
	for _, x := range list {
		f(x)
	}
}

func main() {
	n := 0
	each([]string{"a", "b"}, func(s string) { n += len(zoo[s].sound()) })
	switch n {
	case 1, 2, 3, 4, 5, 6, 7, 8:
		defer fmt.Println(n, zoo["a"])
	}
}
`

const serverProgram = `-- main.go --
package main

import (
	"encoding/json"
	"log"
	"net/http"
)

type answer struct {
	Path string
	Tags []string
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(answer{Path: r.URL.Path})
	})
	log.Fatal(http.ListenAndServe("localhost:0", nil))
}
`

// TestAddressesAreThoseOfTheLinker compares everything that was harvested with the linker's own list.
func TestAddressesAreThoseOfTheLinker(t *testing.T) {
	oracle := buildOracle(t)
	for _, p := range []struct {
		name   string
		source string
		build  testprogram.Build
		long   bool
		arch   string // in GOSPLICE_ARCH
	}{
		{name: "small", source: smallProgram},
		{name: "small-stripped", source: smallProgram, build: testprogram.Build{Args: []string{"-ldflags=-s -w"}}},
		{name: "server", source: serverProgram},
		{name: "server-stripped", source: serverProgram, build: testprogram.Build{Args: []string{"-ldflags=-s -w"}}},
		{name: "server-without-cgo", source: serverProgram, build: testprogram.Build{Env: []string{"CGO_ENABLED=0"}}, long: true},
		{name: "go-command", build: testprogram.Build{Package: "cmd/go"}, long: true},
		{name: "small-arm64-stripped", source: smallProgram, build: testprogram.Build{Args: []string{"-ldflags=-s -w"}, Env: testprogram.Cross("arm64")}},
		{name: "small-arm64-pie", source: smallProgram, build: testprogram.Build{Args: []string{"-ldflags=-s -w", "-buildmode=pie"}, Env: testprogram.Cross("arm64")}},
		{name: "small-arm64-trampolines", source: smallProgram, build: testprogram.Build{Args: []string{"-ldflags=-s -w -debugtramp=2"}, Env: testprogram.Cross("arm64")}},
		{name: "go-command-arm64", build: testprogram.Build{Package: "cmd/go", Env: testprogram.Cross("arm64")}, long: true, arch: "arm64"},
	} {
		t.Run(p.name, func(t *testing.T) {
			if p.long && testing.Short() {
				t.Skip("a large program")
			}
			if p.arch != "" && p.arch != os.Getenv("GOSPLICE_ARCH") {
				t.Skipf("a large program of another processor: set GOSPLICE_ARCH=%s", p.arch)
			}
			p.build.Dir = testprogram.Write(t, p.source)
			binary, want := buildWithOracle(t, oracle, p.build)
			set, addr := harvest(t, binary, p.build.Dir)
			compareHarvest(t, set, addr, want)
			r := makeRecord(t, binary, p.build.Dir)
			compareRecord(t, r, want)
			compareContent(t, r, want)
			lacking(t, set, r, want)
		})
	}
}

// makeRecord proves a program as gosplice record does.
func makeRecord(t *testing.T, binary, dir string) *release.Record {
	t.Helper()
	s, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r, err := release.Read(s.File)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func releaseOf(t *testing.T, goVersion string) *gorelease.Release {
	t.Helper()
	r, err := gorelease.Of(goVersion)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// objectsOf loads what a program was linked from.
func objectsOf(t *testing.T, binary, dir string) (set *goobj.Set, goRelease *gorelease.Release) {
	t.Helper()
	b, err := gotool.FromBinary(binary)
	if err != nil {
		t.Fatal(err)
	}
	b.Dir = dir
	packages, err := b.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	goRelease = releaseOf(t, b.GoVersion)
	if set, err = release.Objects(goRelease, packages); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set, goRelease
}

// harvest follows every reference of a program, from its functions on.
func harvest(t *testing.T, binary, dir string) (*goobj.Set, map[goobj.Sym]uint64) {
	t.Helper()
	set, goRelease := objectsOf(t, binary, dir)
	file, err := image.Open(binary, goRelease)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := release.Harvest(set, file)
	if err != nil {
		t.Fatal(err)
	}
	return set, addr
}

// places tells the symbols up to last by object and number, as the oracle does.
func places(s *goobj.Set, last goobj.Sym) map[goobj.Sym]place {
	objects := map[*goobj.Object]int{}
	count := map[string]int{}
	for _, o := range s.Objects {
		objects[o] = count[o.Pkg]
		count[o.Pkg]++
	}
	out := map[goobj.Sym]place{}
	var before *goobj.Object
	index := 0
	for y := goobj.Sym(1); y <= last; y++ {
		o := s.Object(y)
		if o != before {
			before, index = o, 0
		}
		out[y] = place{o.Pkg, objects[o], index}
		index++
	}
	return out
}

// lastDefined is the largest number of a symbol that objects define.
func lastDefined(set *goobj.Set, addr map[goobj.Sym]uint64) (last goobj.Sym) {
	for y := range addr {
		if set.Defined(y) {
			last = max(last, y)
		}
	}
	return last
}

// compareHarvest compares symbol by symbol, also those without a name.
func compareHarvest(t *testing.T, set *goobj.Set, addr map[goobj.Sym]uint64, want truth) {
	t.Helper()
	at := places(set, lastDefined(set, addr))
	same, copies := 0, 0
	for y, a := range addr {
		n := set.NameOf(y)
		w, ok := want.at[at[y]]
		if !ok {
			w, ok = want.byName[n]
		}
		switch {
		case !ok && set.ByContent(y) && set.Kind(y).IsVar():
			// Of two equal copies of a generic function the linker took the one that refers to
			// another package's cache. Such a cache is never shared by name or content.
			copies++
		case (!ok || w.addr != a) && goobj.WithoutCopy(n.Name) != n.Name && want.named[goobj.Name{Name: goobj.WithoutCopy(n.Name), ABI: n.ABI}][a]:
			// Of function literals with one name and equal code it does not matter which one is taken.
			copies++
		case !ok:
			t.Errorf("%s is harvested at %#x, and not in the program", n, a)
		case w.addr != a:
			t.Errorf("%s (%d bytes) is harvested at %#x, and is at %#x", n, set.Size(y), a, w.addr)
		default:
			same++
		}
	}
	t.Logf("%d of %d symbols harvested have the linker's address, %d are caches of equal copies", same, len(addr), copies)
}

// compareRecord compares what the record says by name.
func compareRecord(t *testing.T, r *release.Record, want truth) {
	t.Helper()
	functions := 0
	for _, s := range r.Symbols {
		// Several function literals may have one name; each is at an address of its own.
		at := want.named[linkName(s)]
		switch {
		case len(at) == 0:
			t.Errorf("the record has %s,%d at %#x, the program lacks it", s.Name, s.ABI, s.Addr)
		case !at[s.Addr]:
			t.Errorf("the record has %s,%d at %#x, the program at %#x", s.Name, s.ABI, s.Addr, slices.Collect(maps.Keys(at)))
		case s.Kind.IsText():
			functions++
		}
	}
	t.Logf("the record names %d symbols with the linker's addresses, %d of them functions", len(r.Symbols), functions)
}

// linkName is the name of a symbol in the program.
func linkName(s release.Symbol) goobj.Name {
	local, _, ok := strings.Cut(s.Name, "<")
	if !ok || !s.Asm {
		return goobj.Name{Name: goobj.WithoutCopy(s.Name), ABI: s.ABI}
	}
	prefix := goobj.PackagePrefix(s.Package) + "."
	local = strings.TrimPrefix(local, prefix)
	if rest, ok := strings.CutPrefix(local, "·"); ok {
		local = prefix + rest
	}
	return goobj.Name{Name: local, ABI: goobj.ABIStatic}
}

// compareContent checks that what is known by content begins where some symbol does.
func compareContent(t *testing.T, r *release.Record, want truth) {
	t.Helper()
	starts := map[uint64]bool{}
	for _, w := range want.at {
		starts[w.addr] = true
	}
	for fp, a := range r.Content {
		if !starts[a] {
			t.Errorf("content %x is recorded at %#x, where no symbol begins", fp, a)
		}
	}
}

// lacking looks for Go's functions that the program has and the record has not.
func lacking(t *testing.T, set *goobj.Set, r *release.Record, want truth) {
	t.Helper()
	have := map[uint64]bool{}
	for _, s := range r.Symbols {
		have[s.Addr] = true
	}
	for n, w := range want.byName {
		y, ok := set.Lookup(n.Name, n.ABI)
		if !ok || !set.Kind(y).IsText() || w.size == 0 || release.LinkerMade(n.Name) {
			continue
		}
		if _, ok := r.Lookup(n.Name, n.ABI); !ok && !(set.Hashed(y) && have[w.addr]) {
			t.Errorf("the program has %s,%d at %#x, the record lacks it", n.Name, n.ABI, w.addr)
		}
	}
}
