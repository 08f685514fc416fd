package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// initPrefix begins the names of the functions that initialise new variables.
const initPrefix = "gospliceInit_"

// InitFunc is a function, added to the edited package by an overlay, that initialises variables of it
// which the program does not have, and nothing else.
type InitFunc struct {
	Package string // import path
	Func    string // name of the function
	Vars    []string
	// Fresh says that the release does not have the package, whose own init does the same.
	Fresh bool
	// Linked says that the value is the linker's, which comes before all others.
	Linked bool
	File   string
	Line   int
}

// Additions are what an overlay adds to the edited tree, and what for.
type Additions struct {
	Files  map[string][]byte // whole files, by path
	Inits  []InitFunc
	Resets []ResetFunc
	Hooks  []Hook // of packages that the release has
}

// Known is what is known of an edited build before all of it is compiled.
type Known struct {
	// Moved are the packages that lie elsewhere than in the release, as the build has them.
	Moved []gotool.Package
	// Listed are all packages of a build where a directory may hold files of several, as that of a test does.
	Listed []gotool.Package
	// Fresh are packages that the release does not have. Their init runs with the first patch that brings them, and
	// what a later one adds to them is initialised by itself.
	Fresh []gotool.Package
	// Used are variables that need their initial values.
	Used Dropped
}

// Additional finds the variables that an edit adds to packages of the release, and writes functions that
// initialise them: the package's own init must not run again. The same holds for variables that the release's
// linker had dropped, if the edit gives them another initialiser or they are known to be used, and for variables
// that are to be reset. Directives that can't mean anything are a *DirectiveError.
func Additional(rec *release.Record, tree *Tree, k Known) (*Additions, error) {
	a := &Additions{Files: map[string][]byte{}}
	var problems []DirectiveProblem
	frozen := Frozen(rec)
	for i := range rec.Packages {
		p := &rec.Packages[i]
		files, err := editedGoFiles(p, tree, k)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		old, err := tree.oldSource(p)
		if err != nil {
			return nil, err
		}
		for _, f := range files { // in order: functions are numbered
			src, err := tree.parse(p.Import, []file{{f.path, f.content}})
			if err != nil {
				continue // left to the compiler
			}
			problems = append(problems, src.Problems...)
			if frozen[p.Import] {
				problems = append(problems, src.frozenResets()...)
			}
			a.file(rec, p, f, src, old, k.Used)
		}
	}
	for i := range k.Fresh {
		if err := a.fresh(rec, &k.Fresh[i], tree); err != nil {
			return nil, err
		}
	}
	if len(problems) > 0 {
		return nil, &DirectiveError{Problems: problems}
	}
	return a, nil
}

// file finds what one file needs.
func (a *Additions) file(rec *release.Record, p *release.Package, f goFile, src, old *Source, used Dropped) {
	for _, h := range src.Hooks {
		h.InRelease = slices.ContainsFunc(old.Hooks, func(o Hook) bool { return o.Func == h.Func && o.Rollback == h.Rollback })
		a.Hooks = append(a.Hooks, h)
	}
	add, resets := resetFuncs(p.Import, f, src, old)
	a.Resets = append(a.Resets, resets...)
	linked := linkerValues(rec, p.Path)
	more, inits := initFuncs(p.Import, f, src, linked, func(name string) bool { return kept(rec, p, src, old, name, used) })
	a.Inits = append(a.Inits, inits...)
	add = slices.Concat(add, more)
	if f.changed {
		add = slices.Concat(add, methodValues(rec, p, src))
	}
	if len(add) > 0 {
		a.Files[f.path] = slices.Concat(f.content, add)
	}
}

// fresh finds the variables of a package that the release does not have.
func (a *Additions) fresh(rec *release.Record, p *gotool.Package, tree *Tree) error {
	for _, name := range p.GoFiles {
		path := absolute(p.Dir, name)
		b, err := tree.Read(path)
		if err != nil {
			return err
		}
		src, err := tree.parse(p.ImportPath, []file{{path, b}})
		if err != nil {
			continue // left to the compiler
		}
		f := goFile{file{path, b}, true}
		add, resets := resetFuncs(p.ImportPath, f, src, &Source{})
		a.Resets = append(a.Resets, resets...)
		more, inits := initFuncs(p.ImportPath, f, src, linkerValues(rec, p.ImportPath), func(string) bool { return false })
		for _, i := range inits {
			i.Fresh = !i.Linked
			a.Inits = append(a.Inits, i)
		}
		add = slices.Concat(add, more)
		if len(add) > 0 {
			a.Files[path] = slices.Concat(b, add)
		}
	}
	return nil
}

// goFile is a file that may differ from the release's, or holds directives or variables that are used.
type goFile struct {
	file
	changed bool
}

// editedGoFiles are the Go files of a package that may differ from the release's or hold directives, or all if it has
// variables that need their initial values.
func editedGoFiles(p *release.Package, tree *Tree, k Known) ([]goFile, error) {
	same := func(m gotool.Package) bool { return m.ImportPath == p.Import }
	i := slices.IndexFunc(k.Moved, same)
	switch {
	case i < 0 && !p.Editable && !tree.Replaced(p.Dir):
		return nil, nil
	case i < 0:
		names, err := goFilesOf(p, tree, k.Listed)
		if err != nil {
			return nil, err
		}
		return changedGoFiles(p, tree, names, k.Used.in(p.Import) || tree.directs(p.Import))
	}
	var out []goFile
	for _, name := range k.Moved[i].GoFiles {
		path := absolute(k.Moved[i].Dir, name)
		b, err := tree.Read(path)
		if err != nil {
			return nil, err
		}
		out = append(out, goFile{file{path, b}, true})
	}
	return out, nil
}

// goFilesOf are the Go files of a package as it is listed, or else those of its directory.
func goFilesOf(p *release.Package, tree *Tree, listed []gotool.Package) ([]string, error) {
	if len(listed) == 0 {
		names, err := tree.GoFiles(p.Dir)
		if os.IsNotExist(err) {
			return nil, nil
		}
		return names, err
	}
	var out []string
	for _, q := range listed {
		if q.ImportPath == p.Import {
			for _, name := range q.GoFiles {
				out = append(out, absolute(q.Dir, name))
			}
		}
	}
	return out, nil
}

// changedGoFiles are those of a package's Go files that differ from the release's or hold directives, or all.
func changedGoFiles(p *release.Package, tree *Tree, names []string, all bool) ([]goFile, error) {
	had := map[string]release.SourceFile{}
	for _, f := range p.Files {
		had[absolute(p.Dir, f.Name)] = f
	}
	var out []goFile
	for _, path := range names {
		b, err := tree.Read(path)
		if err != nil {
			if os.IsNotExist(err) {
				continue
			}
			return nil, err
		}
		f, ok := had[path]
		same := ok && f.Content != nil && bytes.Equal(f.Content, b)
		if all || !same || hasDirective(b) {
			out = append(out, goFile{file{path, b}, !same})
		}
	}
	return out, nil
}

// GoFiles are the Go files of a directory, tests excluded, with those that an overlay adds.
func (t *Tree) GoFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		seen[filepath.Join(dir, e.Name())] = true
	}
	for from, to := range t.replace {
		if filepath.Dir(from) == filepath.Clean(dir) {
			seen[from] = to != ""
		}
	}
	var out []string
	for path, ok := range seen {
		if ok && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			out = append(out, path)
		}
	}
	sort.Strings(out)
	return out, nil
}

// initFuncs writes the functions that initialise the variables of one file, but for those that keep what they have.
// linked are the values that the linker gives to variables.
func initFuncs(pkg string, file goFile, src *Source, linked map[string]string, keeps func(name string) bool) ([]byte, []InitFunc) {
	var b bytes.Buffer
	var out []InitFunc
	done := map[*ast.ValueSpec]bool{}
	names := make([]string, 0, len(src.Vars))
	for name := range src.Vars {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		v := src.Vars[name]
		value, isLinked := linked[name]
		isLinked = isLinked && v.linkable()
		if !isLinked && (v.Value == nil || isConstant(v.Value)) || keeps(name) {
			continue
		}
		if isLinked {
			out = append(out, InitFunc{Package: pkg, Func: initPrefix + name, Vars: []string{name}, Linked: true, File: file.path, Line: v.Pos.Line})
			fmt.Fprintf(&b, "\n//go:noinline\nfunc %s%s() {\n\t%s = %q\n}\n", initPrefix, name, name, value)
			continue
		}
		vars := []string{name}
		if len(v.Spec.Values) == 1 && len(v.Spec.Names) > 1 {
			if done[v.Spec] {
				continue
			}
			done[v.Spec] = true
			vars = vars[:0]
			for _, id := range v.Spec.Names {
				if id.Name == "_" || keeps(id.Name) {
					vars = append(vars, "_")
				} else {
					vars = append(vars, id.Name)
				}
			}
		}
		f := InitFunc{Package: pkg, Func: initPrefix + name, File: file.path, Line: v.Pos.Line}
		for _, n := range vars {
			if n != "_" {
				f.Vars = append(f.Vars, n)
			}
		}
		lo, hi := src.Fset.Position(v.Value.Pos()).Offset, src.Fset.Position(v.Value.End()).Offset
		fmt.Fprintf(&b, "\n//go:noinline\nfunc %s() {\n//line %s:%d\n\t%s = %s\n}\n", f.Func, file.path, src.Fset.Position(v.Value.Pos()).Line, strings.Join(vars, ", "), file.content[lo:hi])
		out = append(out, f)
	}
	return b.Bytes(), out
}

// Dropped are variables of the release's source that its linker had left out and that a patch uses, by import path
// and name. They may be made of functions that the edit changes.
type Dropped map[[2]string]bool

// Has reports that all of o are in d.
func (d Dropped) Has(o Dropped) bool {
	for v := range o {
		if !d[v] {
			return false
		}
	}
	return true
}

// And is both.
func (d Dropped) And(o Dropped) Dropped {
	out := maps.Clone(d)
	maps.Copy(out, o)
	return out
}

func (d Dropped) in(importPath string) bool {
	for v := range d {
		if v[0] == importPath {
			return true
		}
	}
	return false
}

// Computed reports whether the initial value of a variable may be more than a constant: it is, or the source is not known.
func (e *Edit) Computed(path, name string) bool {
	src := e.Sources[path].New
	if src == nil || src.Vars[name] == nil {
		return true
	}
	v := src.Vars[name]
	return v.Value != nil && !isConstant(v.Value)
}

// ReadsState reports whether the initial value of a variable is made of what may be another one by now: it reads variables
// or calls functions. Whose address is taken is not read. It is not known of a package that did not change.
func (e *Edit) ReadsState(path, name string) (reads, known bool) {
	src := e.Sources[path].New
	if src == nil || src.Vars[name] == nil || src.Vars[name].Value == nil {
		return false, false
	}
	info := e.newDecl.bodies(path)
	ast.Inspect(src.Vars[name].Value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false // it is made, and not called here; a call of it is seen as one
		case *ast.UnaryExpr:
			if id, ok := ast.Unparen(n.X).(*ast.Ident); ok && n.Op == token.AND {
				_, variable := info.Uses[id].(*types.Var)
				return !variable
			}
		case *ast.CallExpr:
			t, known := info.Types[n.Fun]
			reads = reads || !known || !t.IsType() && !t.IsBuiltin()
		case *ast.Ident:
			v, ok := info.Uses[n].(*types.Var)
			reads = reads || ok && !v.IsField()
		}
		return !reads
	})
	return reads, true
}

// Initialises reports that variables of the package have initialisers, as far as its files of plain Go tell.
func (s *Source) Initialises() bool { return len(s.initialisers) > 0 }

// InitFunctions identifies what runs when the package is initialised, beside the initialisers of variables; "" if nothing
// does.
func (s *Source) InitFunctions() string {
	var all []string
	for n := 0; s.Funcs[fmt.Sprintf("init.%d", n)] != nil; n++ {
		all = append(all, s.Funcs[fmt.Sprintf("init.%d", n)].Text)
	}
	for _, spec := range s.blank {
		all = append(all, printed(spec))
	}
	if len(all) == 0 {
		return ""
	}
	return hashText(strings.Join(all, "\n"))
}

// linkerValues are the values that the linker gives to variables of a package, by name.
func linkerValues(rec *release.Record, symbolPath string) map[string]string {
	out := map[string]string{}
	for symbol, value := range rec.Build.LinkerValues() {
		if name, ok := strings.CutPrefix(symbol, symbolPath+"."); ok && !strings.ContainsAny(name, "./") {
			out[name] = value
		}
	}
	return out
}

// linkable reports a variable that the linker may give a value: a string without another value than a constant.
func (v *Var) linkable() bool {
	if id, ok := v.Spec.Type.(*ast.Ident); v.Spec.Type != nil && (!ok || id.Name != "string") {
		return false
	}
	if v.Value == nil {
		return v.Spec.Type != nil
	}
	lit, ok := ast.Unparen(v.Value).(*ast.BasicLit)
	return ok && lit.Kind == token.STRING && len(v.Spec.Values) == len(v.Spec.Names)
}

// Linked returns the import path of the package of a variable to which the linker gives a value.
func (e *Edit) Linked(symbolPath, name string) (path string, ok bool) {
	_, ok = linkerValues(e.Record, symbolPath)[name]
	return e.importPath(symbolPath), ok
}

// kept reports a variable that the program has, with a value that stays, or one that is as it was in the release and
// that nothing uses.
func kept(rec *release.Record, p *release.Package, src, old *Source, name string, used Dropped) bool {
	v, stored := src.Vars[name], name
	if old.Vars[v.Renamed] != nil {
		stored = v.Renamed
	}
	was := old.Vars[stored]
	if was == nil {
		return false
	}
	return !dropped(rec, p.Path, old, stored) || was.Text == v.Text && !used[[2]string{p.Import, name}]
}

// dropped reports a variable of the release's source that its linker left out, since nothing used it.
func dropped(rec *release.Record, symbolPath string, old *Source, name string) bool {
	symbol := goobj.PackagePrefix(symbolPath) + "." + name
	for local, linked := range old.linknames() {
		if local == name {
			symbol = linked
		}
	}
	_, ok := rec.Lookup(symbol, goobj.ABI0)
	return !ok
}

// linknames are the names that linkname directives of the package give other symbols.
func (s *Source) linknames() iter.Seq2[string, string] {
	return func(yield func(local, symbol string) bool) {
		for _, f := range s.Files {
			for _, g := range f.Comments {
				for _, c := range g.List {
					directive, ok := strings.CutPrefix(c.Text, "//go:linkname ")
					if !ok {
						continue
					}
					if words := strings.Fields(directive); len(words) > 1 && !yield(words[0], words[1]) {
						return
					}
				}
			}
		}
	}
}

// SourceVariable returns the import path and the name in the source of the variable of a symbol.
func (e *Edit) SourceVariable(symbolPath, symbol string) (path, name string) {
	path = e.importPath(symbolPath)
	if src := e.Sources[path].New; src != nil {
		for local, linked := range src.linknames() {
			if linked == symbol {
				return path, local
			}
		}
	}
	return path, strings.TrimPrefix(symbol, goobj.PackagePrefix(symbolPath)+".")
}

// methodValues writes functions that make the method values that the program may hold of methods in one
// file. The compiler writes the code behind a method value, which the method may be inlined in, only where
// one is made; an edit may make none, while those that exist have to reach the new body.
func methodValues(rec *release.Record, p *release.Package, src *Source) []byte {
	prefix := goobj.PackagePrefix(p.Path) + "."
	first := sort.Search(len(rec.Symbols), func(i int) bool { return rec.Symbols[i].Name >= prefix })
	var b bytes.Buffer
	for i := first; i < len(rec.Symbols) && strings.HasPrefix(rec.Symbols[i].Name, prefix); i++ {
		decl, ok := strings.CutSuffix(rec.Symbols[i].Name[len(prefix):], "-fm")
		if !ok || src.Funcs[decl] == nil || src.Funcs[decl].Decl.Recv == nil {
			continue
		}
		dot := strings.LastIndexByte(decl, '.')
		fmt.Fprintf(&b, "\nfunc %s%d%s(x %s) interface{} { return x.%s }\n", initPrefix, i, methodSuffix, decl[:dot], decl[dot+1:])
	}
	return b.Bytes()
}

const methodSuffix = "method"

// makesMethodValue reports the symbol of a function that methodValues writes: nothing calls it.
func makesMethodValue(symbol string) bool {
	_, name, _ := cutLast(symbol)
	return strings.HasPrefix(name, initPrefix) && strings.HasSuffix(name, methodSuffix)
}

// isConstant reports a literal that the compiler puts into the variable's data.
func isConstant(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.BasicLit:
		return true
	case *ast.UnaryExpr:
		return x.Op != token.AND && x.Op != token.ARROW && isConstant(x.X)
	}
	return false
}
