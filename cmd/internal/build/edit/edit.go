package edit

import (
	"fmt"
	"go/types"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
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
	Enums     []Enum
	Files     []File
	Modules   []Module
	Resets    []Reset
	Hooks     []Hook
	// Confined are types that are laid out anew although the program has values of them.
	Confined []Confined
	// Extensions are the types whose method tables the edit adds to.
	Extensions []Extension

	abbrevs goobj.Abbrevs
	oldDecl *checker
	newDecl *checker

	renamed      map[string]string // symbols of variables: name in the edit -> name in the program
	closures     closures
	dictionaries map[string]goobj.Sym         // see dictionaryForm
	held         map[goobj.Sym][]goobj.Sym    // see Held
	given        map[string]bool              // see Given
	elsewhere    map[goobj.Sym]bool           // see madeElsewhere
	gone         map[string]bool              // see isGone
	instances    map[string]bool              // see genericMethods
	localNames   map[string]map[string]string // see declaring
	newTypes     newTypes
	locals       map[string]localTypes // by import path
	escapes      *analyses
	reversed     *release.Reversed      // see callers
	once         map[onceKey]bool       // memo
	importers    map[string][]importing // see importersOf
	inProgram    map[[2]string]bool     // by import path and declaration, memo
	owners       map[string]string      // see ownerOf
	pushed       map[pushed]string      // see pushedDecl
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
	// sameCalls says that existing closures can't call what they captured in another way.
	sameCalls bool
	// Dictionary says that the dictionary of a generic function changed with it.
	Dictionary bool
	// Follows says that the function itself is as before, but refers to functions that are not.
	Follows bool
	// Nosplit, Linkname and Asm functions can't be judged by their Go source.
	Nosplit, Linkname, Asm, FIPS bool
	File                         string
	Line                         int
}

// Type is a named type whose layout, methods or tags changed.
type Type struct {
	Package, Name string
	// Func is the declaration that a local type is in.
	Func     string
	Old, New types.Type // underlying types; nil when only the object tells
	OldSize  int64
	NewSize  int64
	// Users are the functions of the edit that use what is new or different in a struct.
	Users []string
	// Fields are those that have another name in the edit, of a type that is as it was otherwise. Seen says that
	// reflection can see the old names.
	Fields []RenamedField
	Seen   bool
	// Confined says that no value outlives the functions that handle it; otherwise Held says why one may.
	Confined bool
	Held     string
	// Nowhere says that the type is laid out anew and that the program can have no value of it; nowhere are the types of
	// the package for which that is so, because they have it as a part, and this.
	Nowhere bool
	nowhere []string
	// Unknown says why it is not known how values of the type are laid out in the program, or in the edit.
	Unknown string
	// Object says that the change was found in a type descriptor that the program has.
	Object bool
	// Differs says in which field, as far as the descriptors tell.
	Differs string
	// part is the name in symbols of a type that is laid out anew, by which this one is too; see Edit.Has.
	part string
	// Added says that the type is new, and nothing else.
	Added bool
	// Renumbered and Renamed are the names that a local type has in the program and in the edit,
	// when they differ.
	Renumbered, Renamed string

	// Descriptor is the name of the type's description without type arguments. It is empty where methods were not compared.
	Descriptor string
	// Unnamed says that the type has no name of its own.
	Unnamed bool

	Receivers []string // methods whose receiver changed between value and pointer
	Methods   []string // new
	Resigned  []string // of another signature
	Gone      []string // removed, and still in the program's method table
	Promoted  []string // new by way of an embedded field
	lost      []string // removed
	// lostBy are the types, by their names in symbols, that declared what the type lost and had by way of them.
	lostBy map[string]string
	// Conversions are where the edit converts the type to an interface that needs one of these methods.
	Conversions []Conversion
	// Unseen says why type assertions do not find the new methods; they do when it is empty.
	Unseen string
	// Extended says that the program describes the type, and that its method table is exchanged.
	Extended bool

	File string
	Line int
}

// Conversion is a place where a function converts a type to an interface.
type Conversion struct {
	Func, Interface, Method string
	File                    string
	Line                    int
}

// Lacks reports a method that the type has in the edit and not in the program.
func (t *Type) Lacks(method string) bool {
	return slices.Contains(t.Methods, method) || slices.Contains(t.Promoted, method) || slices.Contains(t.Resigned, method)
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
	VarBlank // an initialiser without a variable, which is new and calls something
	VarMoved // to a package that is new, while its own is gone
	// Of variables with the directive renamed:
	VarRenamed // the state of the old one is kept
	VarUnknown // the release has no variable of the old name
	VarTaken   // the release has a variable of the new name too
	VarStays   // the edit has a variable of the old name too
)

// Variable is a package variable that changed.
type Variable struct {
	Package, Name      string
	OldName            string // by the directive renamed
	Kind               VarKind
	OldType, NewType   string // as users write them
	OldShape, NewShape string // equal for equal types
	To                 string // the new package of one that moved
	HasInit            bool   // a new variable whose initialiser is code that has to run
	Fresh              bool   // a new variable that is said to be none of the release's
	// Initial says of a variable that is gone that nothing but its initialiser wrote it, and Filled of a new one that init
	// functions do, which a patch does not run.
	Initial, Filled bool
	// Dropped says that the release's linker had left the variable out: the program has no value of it.
	Dropped bool
	// Same says that its initialiser is as it was: see Edit.FindDropped.
	Same bool
	File string
	Line int
}

// Enum is a set of constants that are counted up, and whose values changed.
type Enum struct {
	Package, Type string
	Names         []string
	Old, New      []string // values of Names
	File          string
	Line          int
}

// Module is a dependency of which the edited build has another version.
type Module struct {
	Path, Old, New string
	Packages       []string // whose code changed
}

// File is a changed file that is not plain Go.
type File struct{ Package, Name, Kind string }

// Find compares the release with the edited tree. packages are the edited build in dependency
// order, set their loaded objects, tree the way to their sources.
func Find(rec *release.Record, set *goobj.Set, packages []gotool.Package, tree *Tree) (*Edit, error) {
	e := &Edit{
		Record: rec, Set: set, Prints: goobj.NewFingerprinter(set),
		Packages: map[string]*gotool.Package{}, Sources: map[string]Pair{}, renamed: map[string]string{},
	}
	rel, err := gorelease.Of(rec.Release.GoVersion)
	if err != nil {
		return nil, err
	}
	if err := rel.Readable(runtime.Version()); err != nil {
		return nil, err
	}
	if e.abbrevs, err = goobj.NewAbbrevs(rel); err != nil {
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
	if rec.Build.Loops {
		tree.loops = gotool.LoopPackages(packages)
	}
	if err := e.readSources(tree); err != nil {
		return nil, err
	}
	e.findTypes(packages, tree)
	e.findNowhere()
	if err := e.findVars(); err != nil {
		return nil, err
	}
	e.findEnums()
	e.findModules()
	e.findFiles()
	e.findFunctions()
	e.findConfined()
	e.findExtensions()
	e.findConversions()
	e.findSeen()
	e.leaveOutRewritten()
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
		o, err := tree.oldSource(old)
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

// symbolPath is the path that symbols of a package have: "main" for the main package.
func (e *Edit) symbolPath(path string) string {
	if path == e.Record.Build.Main || path == e.Record.Packages[len(e.Record.Packages)-1].Import {
		return "main"
	}
	return path
}

// findModules finds the dependencies that moved to another version and brought other code.
func (e *Edit) findModules() {
	at := map[string]int{}
	for _, path := range e.Rebuilt {
		old, _ := e.Record.PackageByPath(path)
		was, is := old.Module, release.ModuleOf(*e.Packages[path])
		name, oldVersion, ok1 := strings.Cut(was, "@")
		_, newVersion, ok2 := strings.Cut(is, "@")
		if !ok1 || !ok2 || was == is || oldVersion == "" || newVersion == "" {
			continue
		}
		i, ok := at[name]
		if !ok {
			i = len(e.Modules)
			at[name] = i
			e.Modules = append(e.Modules, Module{Path: name, Old: oldVersion, New: newVersion})
		}
		e.Modules[i].Packages = append(e.Modules[i].Packages, path)
	}
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
		pkg := e.Set.Object(y).Pkg
		if _, path := e.declOf(e.importPath(pkg), e.Set.NameOf(y).Name); path != "" {
			return "", false
		}
	}
	return g.Key(), g.CapturesKnown
}

// EntrySig is what versions of a function have in common when calls of one may enter another: "" for
// code that only its own version may enter.
func (e *Edit) EntrySig(y goobj.Sym) string {
	pkg := e.Set.Object(y).Pkg
	if p := e.Packages[e.importPath(pkg)]; p != nil && p.Standard && e.Sources[p.ImportPath].Old == nil {
		return "" // the same in all patches, and often not to be touched
	}
	key, known := e.Sig(y)
	n := e.Set.NameOf(y)
	_, flag2 := e.Set.Flags(y)
	class := classify(goobj.PackagePrefix(pkg), n, flag2)
	if class != Closure && strings.Contains(n.Name, localMark) {
		return "" // made for a local type, whose number another one may have in another version
	}
	form := ""
	if dictionary := e.dictionaryForm(n.Name); dictionary != "" {
		form = " " + hashText(dictionary)
	}
	if layout := e.NewLayout(key); layout != "" {
		form += " " + layout
	}
	switch class {
	case GoWrapper:
		return "" // what stands in its place in another version may be something else
	case Closure, RangeBody:
		id := e.closures.identity[y]
		if id == "" || !known {
			return ""
		}
		c, found := e.newClosure(y, key)
		if !found {
			return ""
		}
		captures, known := e.capturesKey(c)
		if !known {
			return ""
		}
		form += e.NewLayout(captures) // those that the signature leaves out may have new types too
		around := e.typesAround(pkg, n.Name)
		if strings.Contains(around, unknownMark) {
			return ""
		}
		return withoutCaptures(key) + " " + id + " " + hashText(around+captures) + form
	}
	if key == "" {
		return ""
	}
	return key + form
}

// Position is where a function of a changed package is declared, if known.
func (e *Edit) Position(pkg string, n goobj.Name) (file string, line int) {
	src, ok := e.Sources[e.importPath(pkg)]
	if !ok {
		return "", 0
	}
	decl, _ := e.declOf(e.importPath(pkg), goobj.WithoutCopy(n.Name))
	if d := src.New.Funcs[decl]; d != nil {
		return d.Pos.Filename, d.Pos.Line
	}
	return "", 0
}

// InitOrder lists the variables of a rebuilt package in the order of their initialisation.
func (e *Edit) InitOrder(path string) []string { return e.newDecl.initOrder(path) }

func (v Variable) String() string { return fmt.Sprintf("%s.%s", v.Package, v.Name) }
