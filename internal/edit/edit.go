package edit

import (
	"fmt"
	"go/types"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/gotool"
	"github.com/gosplice/gosplice/internal/release"
)

// Edit is everything that changed between a release and an edited tree.
type Edit struct {
	Record *release.Record
	Set    *goobj.Set
	Prints *goobj.Fingerprinter
	// Packages of the edited build by import path.
	Packages map[string]*gotool.Package
	// Order are the import paths in the order in which the packages depend on each other.
	Order []string
	// Rebuilt are the import paths of packages whose objects differ from the release's, Added those
	// that the release does not have.
	Rebuilt, Added []string
	Sources        map[string]Pair

	Functions []Function
	Types     []Type
	Vars      []Variable
	Files     []File

	abbrevs goobj.Abbrevs
	oldDecl *checker
	newDecl *checker

	oldLeaks, newLeaks map[string]leaks // by import path
}

// Pair is a package in both versions.
type Pair struct{ Old, New *Source }

// Function is a function whose object changed, that is new, or that is gone.
type Function struct {
	Name    goobj.Name
	Sym     goobj.Sym       // 0 for a function that is gone
	Old     *release.Symbol // nil for a new function
	Package string          // import path
	Class   Class
	Decl    string // in Source.Funcs
	// Edited says that the source of the declaration changed; otherwise something that it inlines did.
	Edited bool
	// Inlines are the declarations in changed packages that the new body inlines, "path\x00name".
	Inlines []string
	// Signature says that callers of the old body can't call the new one.
	Signature      bool
	OldSig, NewSig string
	// SameClosure says that a closure is provably the same literal with the same captures.
	SameClosure bool
	// Dictionary says that the dictionary of a generic function changed with it.
	Dictionary bool
	// OldLeaks and Leaks say what of the function's arguments outlives a call, in the release and in
	// the edit. KeepsMore says that the new body keeps something that callers of the old one may have
	// on their stacks.
	OldLeaks, Leaks []string
	KeepsMore       bool
	// Callers are the changed functions that call the old body directly, for one that keeps more.
	Callers []*Function
	// Nosplit, Linkname and Asm functions can't be judged by their Go source.
	Nosplit, Linkname, Asm, FIPS bool
	File                         string
	Line                         int
}

// Type is a named type whose layout, method set or tags changed.
type Type struct {
	Package, Name string
	Old, New      types.Type // underlying types; nil when only the object tells
	OldSize       int64
	NewSize       int64
	// Object says that the change was found in a type descriptor that the program has.
	Object   bool
	Receiver string // a method whose receiver changed between value and pointer
	Methods  []string
	File     string
	Line     int
}

// VarKind says what happened to a variable.
type VarKind int

// Kinds of variable changes.
const (
	VarAdded VarKind = iota
	VarRemoved
	VarType
	VarInit
	VarEmbed
)

// Variable is a package variable that changed.
type Variable struct {
	Package, Name    string
	Kind             VarKind
	OldType, NewType string
	HasInit          bool // a new variable whose initialiser is code that has to run
	File             string
	Line             int
}

// File is a changed file that is not plain Go.
type File struct{ Package, Name, Kind string }

// Find compares the release with the edited tree. packages are the edited build in dependency
// order, set their loaded objects, tree the way to their sources.
func Find(rec *release.Record, set *goobj.Set, packages []gotool.Package, tree *Tree) (*Edit, error) {
	e := &Edit{
		Record: rec, Set: set, Prints: goobj.NewFingerprinter(set),
		Packages: map[string]*gotool.Package{}, Sources: map[string]Pair{},
	}
	var err error
	if e.abbrevs, err = goobj.NewAbbrevs(release.GoRelease(rec.Release.GoVersion)); err != nil {
		return nil, err
	}
	for i := range packages {
		e.Packages[packages[i].ImportPath] = &packages[i]
		e.Order = append(e.Order, packages[i].ImportPath)
	}
	e.rebuilt(packages)
	for _, path := range slices.Concat(e.Rebuilt, e.Added) {
		set.Define(e.symbolPath(path))
	}
	if err := e.readSources(tree); err != nil {
		return nil, err
	}
	e.findTypes(packages)
	e.findVars()
	e.findFiles()
	e.findFunctions()
	return e, nil
}

// rebuilt finds the packages whose archives differ.
func (e *Edit) rebuilt(packages []gotool.Package) {
	for _, p := range packages {
		old, ok := e.Record.PackageByPath(p.ImportPath)
		switch {
		case p.Export == "":
		case !ok:
			e.Added = append(e.Added, p.ImportPath)
		case release.ContentID(old.BuildID) != release.ContentID(p.BuildID):
			e.Rebuilt = append(e.Rebuilt, p.ImportPath)
		}
	}
}

func (e *Edit) readSources(tree *Tree) error {
	for _, path := range e.Rebuilt {
		old, _ := e.Record.PackageByPath(path)
		o, err := oldSource(old)
		if err != nil {
			return err
		}
		n, err := tree.newSource(e.Packages[path])
		if err != nil {
			return err
		}
		e.Sources[path] = Pair{o, n}
	}
	for _, path := range e.Added {
		n, err := tree.newSource(e.Packages[path])
		if err != nil {
			return err
		}
		e.Sources[path] = Pair{nil, n}
	}
	return nil
}

// findTypes compares the named types of every rebuilt package, in source and in descriptors.
func (e *Edit) findTypes(packages []gotool.Package) {
	olds, news := map[string]*Source{}, map[string]*Source{}
	for path, p := range e.Sources {
		if p.Old != nil {
			olds[path] = p.Old
		}
		news[path] = p.New
	}
	e.oldDecl = newChecker(olds, packages, e.Record.Release.GoVersion)
	e.newDecl = newChecker(news, packages, e.Record.Release.GoVersion)
	seen := map[string]bool{}
	for _, path := range e.Rebuilt {
		o, n := e.oldDecl.check(path), e.newDecl.check(path)
		for _, name := range o.Scope().Names() {
			was, ok1 := o.Scope().Lookup(name).(*types.TypeName)
			is, ok2 := n.Scope().Lookup(name).(*types.TypeName)
			if ok1 && ok2 && e.compareTypes(path, was, is) {
				seen[goobj.PackagePrefix(e.symbolPath(path))+"."+name] = true
			}
		}
	}
	e.compareDescriptors(seen)
}

func (e *Edit) compareTypes(path string, was, is *types.TypeName) bool {
	t := Type{Package: path, Name: is.Name()}
	if spec := e.Sources[path].New.Types[is.Name()]; spec != nil {
		p := e.Sources[path].New.Fset.Position(spec.Pos())
		t.File, t.Line = p.Filename, p.Line
	}
	if was.IsAlias() != is.IsAlias() || shape(was.Type().Underlying()) != shape(is.Type().Underlying()) {
		t.Old, t.New = was.Type().Underlying(), is.Type().Underlying()
		t.OldSize, t.NewSize = sizeOf(was.Type()), sizeOf(is.Type())
		e.Types = append(e.Types, t)
		return true
	}
	o, ok1 := types.Unalias(was.Type()).(*types.Named)
	n, ok2 := types.Unalias(is.Type()).(*types.Named)
	if !ok1 || !ok2 {
		return false
	}
	had := map[string]*types.Func{}
	for i := range o.NumMethods() {
		had[o.Method(i).Name()] = o.Method(i)
	}
	for i := range n.NumMethods() {
		m := n.Method(i)
		switch old := had[m.Name()]; {
		case old == nil:
			t.Methods = append(t.Methods, m.Name())
		case pointerReceiver(old) != pointerReceiver(m):
			t.Receiver = m.Name()
		}
	}
	if t.Receiver != "" || len(t.Methods) > 0 {
		e.Types = append(e.Types, t)
	}
	return false
}

func pointerReceiver(f *types.Func) bool {
	r := f.Type().(*types.Signature).Recv()
	_, ok := types.Unalias(r.Type()).(*types.Pointer)
	return ok
}

// sizeOf is -1 for types whose size depends on type parameters.
func sizeOf(t types.Type) (n int64) {
	defer func() {
		if recover() != nil { // go/types panics on type parameters
			n = -1
		}
	}()
	return sizes.Sizeof(t)
}

// compareDescriptors compares the type descriptors in rebuilt objects with those that the program has: the second line of defence, which sees local types and instances too.
func (e *Edit) compareDescriptors(seen map[string]bool) {
	found := map[string]bool{}
	for _, o := range e.rebuiltObjects() {
		for y := range e.Set.AllDefinitions(o) {
			n := e.Set.NameOf(y)
			if !goobj.IsType(n.Name) || found[n.Name] {
				continue
			}
			if t, ok := e.Set.Type(y); !ok || !t.Named() {
				continue
			}
			s, ok := e.Record.Lookup(n.Name, n.ABI)
			if !ok {
				continue
			}
			if l, ok := e.Prints.TypeLayout(y); !ok || l == s.Layout {
				continue
			}
			found[n.Name] = true
			name := strings.TrimLeft(strings.TrimPrefix(s.Name, "type:"), "*[]")
			if !seen[name] && !seen[withoutTypeArgs(name)] && !e.onlyMentions(y, seen) {
				e.Types = append(e.Types, Type{Package: s.Package, Name: name, Object: true, OldSize: int64(s.Size)})
			}
		}
	}
}

// rebuiltObjects are the objects of rebuilt packages.
func (e *Edit) rebuiltObjects() []*goobj.Object {
	rebuilt := map[string]bool{}
	for _, p := range e.Rebuilt {
		rebuilt[e.symbolPath(p)] = true
	}
	var out []*goobj.Object
	for _, o := range e.Set.Objects {
		if rebuilt[o.Pkg] {
			out = append(out, o)
		}
	}
	return out
}

// onlyMentions reports a descriptor whose layout differs because a type is part of it that was
// found already.
func (e *Edit) onlyMentions(y goobj.Sym, seen map[string]bool) bool {
	name := e.Set.NameOf(y).Name
	for t := range seen {
		if strings.Contains(name, t) {
			return true
		}
	}
	return false
}

// symbolPath is the path that symbols of a package have: "main" for the main package.
func (e *Edit) symbolPath(path string) string {
	if path == e.Record.Build.Main || path == e.Record.Packages[len(e.Record.Packages)-1].Import {
		return "main"
	}
	return path
}

func (e *Edit) findVars() {
	for _, path := range e.Rebuilt {
		o, n := e.oldDecl.check(path), e.newDecl.check(path)
		src := e.Sources[path]
		for name, v := range src.New.Vars {
			c := Variable{Package: path, Name: name, File: v.Pos.Filename, Line: v.Pos.Line, HasInit: v.Value != nil && !isConstant(v.Value)}
			is := n.Scope().Lookup(name)
			if is != nil {
				c.NewType = shape(is.Type())
			}
			old := src.Old.Vars[name]
			if old == nil {
				if strings.HasPrefix(name, initPrefix) {
					continue
				}
				c.Kind = VarAdded
				e.Vars = append(e.Vars, c)
				continue
			}
			if was := o.Scope().Lookup(name); was != nil {
				c.OldType = shape(was.Type())
			}
			switch {
			case c.OldType != c.NewType:
				c.Kind = VarType
			case old.Text != v.Text:
				c.Kind = VarInit
			case old.Embed != v.Embed || v.Embed != "" && e.embedsChanged(path):
				c.Kind = VarEmbed
			default:
				continue
			}
			e.Vars = append(e.Vars, c)
		}
		for name, v := range src.Old.Vars {
			if src.New.Vars[name] == nil {
				c := Variable{Package: path, Name: name, Kind: VarRemoved, File: v.Pos.Filename, Line: v.Pos.Line}
				if was := o.Scope().Lookup(name); was != nil {
					c.OldType = shape(was.Type())
				}
				e.Vars = append(e.Vars, c)
			}
		}
	}
	sort.Slice(e.Vars, func(i, j int) bool {
		return e.Vars[i].Package+"."+e.Vars[i].Name < e.Vars[j].Package+"."+e.Vars[j].Name
	})
}

func (e *Edit) embedsChanged(path string) bool {
	p := e.Sources[path]
	if len(p.Old.Embeds) != len(p.New.Embeds) {
		return true
	}
	for name, h := range p.New.Embeds {
		if p.Old.Embeds[name] != h {
			return true
		}
	}
	return false
}

func (e *Edit) findFiles() {
	for path, p := range e.Sources {
		old := map[string]OtherFile{}
		if p.Old != nil {
			old = p.Old.Other
		}
		for name, f := range p.New.Other {
			if o, ok := old[name]; !ok || o.Hash != f.Hash {
				e.Files = append(e.Files, File{path, name, f.Kind})
			}
		}
		for name, f := range old {
			if _, ok := p.New.Other[name]; !ok {
				e.Files = append(e.Files, File{path, name, f.Kind})
			}
		}
	}
	sort.Slice(e.Files, func(i, j int) bool { return e.Files[i].Package+e.Files[i].Name < e.Files[j].Package+e.Files[j].Name })
}

// Sig is the signature key of a function of the edited build, "" when it is not known or is that of
// a closure whose captures are not.
func (e *Edit) Sig(y goobj.Sym) (key string, capturesKnown bool) {
	g, err := e.Set.Signature(y, e.abbrevs)
	if err != nil {
		return "", false
	}
	if !g.CapturesKnown {
		n := e.Set.NameOf(y)
		if _, path := declName(goobj.PackagePrefix(e.Set.Object(y).Pkg), n.Name); path != "" {
			return "", false
		}
	}
	return g.Key(), g.CapturesKnown
}

// Position is where a function of a changed package is declared, if known.
func (e *Edit) Position(pkg string, n goobj.Name) (file string, line int) {
	src, ok := e.Sources[e.importPath(pkg)]
	if !ok {
		return "", 0
	}
	decl, _ := declName(goobj.PackagePrefix(pkg), n.Name)
	if d := src.New.Funcs[decl]; d != nil {
		return d.Pos.Filename, d.Pos.Line
	}
	return "", 0
}

// InitOrder lists the variables of a rebuilt package in the order of their initialisation.
func (e *Edit) InitOrder(path string) []string { return e.newDecl.initOrder(path) }

func (v Variable) String() string { return fmt.Sprintf("%s.%s", v.Package, v.Name) }
