package edit

import (
	"errors"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

const usesExt = `package app

import (
	"unsafe"

	"example.test/ext"
)

const (
	line = unsafe.Sizeof(ext.Pad{})
	next = line + 1
)

const (
	size = ext.Size + iota
	more
	plain = 1
)

type cell struct{ pad [line - 8]byte }

type row struct{ cells *[2]cell }

type box[T any] struct{ v [more]T }

type alias = ext.Pad

type embeds struct{ ext.Pad }

type methods struct{ n int }

func (m *methods) take(p ext.Pad) {}

type apart struct{ n [plain]int }

var (
	value   = cell{}
	typed   apart
	pointer = new(box[int])
	name    string = string(rune(ext.Size))
)

func inside() {
	type local struct{ n [size]int }
	var l local
	func() { _ = l }()
}

func outside() {
	type local struct{ n [plain]int }
	var l local
	func() { _ = l }()
}
`

const declaresExt = "package ext\n\nconst Size = 64\n\ntype Pad struct{ _ [Size]byte }\n"

func checkerOf(t *testing.T, sources map[string]string) *checker {
	t.Helper()
	parsed := map[string]*Source{}
	for path, text := range sources {
		s, err := parseSource(path, []file{{path + "/x.go", []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		parsed[path] = s
	}
	imports := newImports()
	imports.of(nil)
	return newChecker(parsed, imports, "go1.26")
}

// told lists the declarations of a package by whether they are known.
func told(c *checker, path string) (yes, no []string) {
	scope := c.check(path).Scope()
	for _, name := range scope.Names() {
		if o := scope.Lookup(name); c.notKnown(o) == "" {
			yes = append(yes, name)
		} else {
			no = append(no, name)
		}
	}
	return yes, no
}

// What depends on a package that is not found is not known, in whatever way it does.
func TestMissingPackage(t *testing.T) {
	c := checkerOf(t, map[string]string{"app": usesExt})
	c.gone = func(path string) (*Source, error) { return nil, errors.New("there is no " + path) }
	yes, no := told(c, "app")
	if want := strings.Fields("apart inside name outside plain typed"); !slices.Equal(yes, want) {
		t.Errorf("known are %v, want %v", yes, want)
	}
	if want := strings.Fields("alias box cell embeds line methods more next pointer row size value"); !slices.Equal(no, want) {
		t.Errorf("not known are %v, want %v", no, want)
	}
	if why := c.notKnown(c.check("app").Scope().Lookup("row")); !strings.Contains(why, "there is no example.test/ext") {
		t.Errorf("why: %q", why)
	}
	for name, want := range map[string]bool{"inside": false, "outside": true} {
		if got := c.sure("app", c.sources["app"].Funcs[name].Decl); got != want {
			t.Errorf("the types in %s are known: %t", name, got)
		}
	}
	if !c.faulty["app"] {
		t.Error("the package counts as one that was checked as a whole")
	}
}

// An error elsewhere in the package, or a package that is found again, leaves what is declared known.
func TestPackageFoundAgain(t *testing.T) {
	c := checkerOf(t, map[string]string{"app": usesExt})
	ext := checkerOf(t, map[string]string{"example.test/ext": declaresExt}).sources["example.test/ext"]
	c.gone = func(string) (*Source, error) { return ext, nil }
	if _, no := told(c, "app"); len(no) > 0 {
		t.Errorf("not known are %v", no)
	}
	if size := sizeOf(c.check("app").Scope().Lookup("cell").Type()); size != 56 {
		t.Errorf("cell has %d bytes", size)
	}
	if info := c.bodies("app"); len(info.Defs) == 0 || c.faulty["app"] {
		t.Error("the package has errors")
	}
}

// What is not known in a package of the release is not known in those that import it.
func TestMissingBehindPackage(t *testing.T) {
	c := checkerOf(t, map[string]string{
		"app":     "package app\n\nimport \"between\"\n\ntype cell struct{ pad [between.Size]byte }\n\ntype other struct{ n between.Count }\n",
		"between": "package between\n\nimport \"example.test/ext\"\n\nconst Size = ext.Size\n\ntype Count int\n",
	})
	c.gone = func(path string) (*Source, error) { return nil, errors.New("there is no " + path) }
	yes, no := told(c, "app")
	if !slices.Equal(yes, []string{"other"}) || !slices.Equal(no, []string{"cell"}) {
		t.Errorf("known are %v, not known %v", yes, no)
	}
}

// The compiler's descriptions have the last word on what the source of the release says.
func TestMismeasured(t *testing.T) {
	c := checkerOf(t, map[string]string{"app": "package app\n\ntype cell struct {\n\tn   int\n\tpad [8]byte\n\tm   int\n}\n\ntype list [3]int\n\ntype word string\n"})
	scope := c.check("app").Scope()
	right := map[string]release.NamedType{
		"type:app.cell": {Size: 24, Offsets: []uint64{0, 8, 16}}, "type:app.list": {Size: 24}, "type:app.word": {Size: 16},
	}
	measure := func(change func(map[string]release.NamedType)) (wrong []string) {
		described := maps.Clone(right)
		change(described)
		e := &Edit{Record: &release.Record{}}
		for _, name := range slices.Sorted(maps.Keys(described)) {
			d := described[name]
			d.Name, d.Layout = name, goobj.Fingerprint{1}
			e.Record.Types = append(e.Record.Types, d)
		}
		for _, name := range scope.Names() {
			if e.mismeasured("type:app."+name, scope.Lookup(name).(*types.TypeName).Type()) != "" {
				wrong = append(wrong, name)
			}
		}
		return wrong
	}
	for what, test := range map[string]struct {
		change func(map[string]release.NamedType)
		want   string
	}{
		"nothing": {func(map[string]release.NamedType) {}, ""},
		"size": {func(d map[string]release.NamedType) {
			d["type:app.cell"] = release.NamedType{Size: 80, Offsets: []uint64{0, 8, 16}}
		}, "cell"},
		"offset": {func(d map[string]release.NamedType) {
			d["type:app.cell"] = release.NamedType{Size: 24, Offsets: []uint64{0, 16, 8}}
		}, "cell"},
		"fields": {func(d map[string]release.NamedType) {
			d["type:app.cell"] = release.NamedType{Size: 24, Offsets: []uint64{0, 8}}
		}, "cell"},
		"array":         {func(d map[string]release.NamedType) { d["type:app.list"] = release.NamedType{Size: 32} }, "list"},
		"nothing of it": {func(d map[string]release.NamedType) { delete(d, "type:app.word") }, "word"},
		"basic type":    {func(d map[string]release.NamedType) { d["type:app.word"] = release.NamedType{Size: 8} }, "word"},
	} {
		if got := strings.Join(measure(test.change), " "); got != test.want {
			t.Errorf("%s: found in %q, want %q", what, got, test.want)
		}
	}
}

// What was checked from source because the build did without it is not used beside what the build has again.
func TestGoneIsForgotten(t *testing.T) {
	i := newImports()
	i.gone["bytes"] = types.NewPackage("bytes", "bytes")
	i.of([]gotool.Package{{ImportPath: "errors"}})
	if len(i.gone) != 1 {
		t.Error("it was forgotten while the build does without it")
	}
	i.of([]gotool.Package{{ImportPath: "errors"}, {ImportPath: "bytes"}})
	if len(i.gone) != 0 {
		t.Error("it is still used")
	}
}
