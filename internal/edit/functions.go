package edit

import (
	"go/ast"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/release"
)

// findFunctions compares the functions of every rebuilt package, object by object.
func (e *Edit) findFunctions() {
	dicts := e.changedDicts()
	closures := e.closureNames()
	byPath := map[string][]*goobj.Object{}
	for _, o := range e.Set.Objects {
		byPath[o.Pkg] = append(byPath[o.Pkg], o)
	}
	for _, path := range append(append([]string(nil), e.Rebuilt...), e.Added...) {
		for _, o := range byPath[e.symbolPath(path)] {
			for y := range e.Set.Definitions(o) {
				if e.Set.Kind(y).IsText() && e.Set.Size(y) > 0 {
					e.compareFunction(path, o, y, dicts, closures)
				}
			}
		}
	}
	e.mentions()
	e.findRemoved()
	sort.SliceStable(e.Functions, func(i, j int) bool {
		a, b := &e.Functions[i], &e.Functions[j]
		if a.Package != b.Package {
			return a.Package < b.Package
		}
		if a.Name.Name != b.Name.Name {
			return a.Name.Name < b.Name.Name
		}
		return a.Name.ABI < b.Name.ABI
	})
}

func (e *Edit) compareFunction(path string, o *goobj.Object, y goobj.Sym, dicts map[string]bool, closures map[string]string) {
	n := e.Set.NameOf(y)
	old, ok := e.Record.Lookup(n.Name, n.ABI)
	if ok && old.Fingerprint == e.Prints.Of(y) {
		return
	}
	if ok && e.anotherCopy(y, old) {
		return
	}
	prefix := goobj.PackagePrefix(e.symbolPath(path))
	_, flag2 := e.Set.Flags(y)
	f := Function{Name: n, Sym: y, Old: old, Package: path, Class: classify(prefix, n, flag2)}
	if !ok {
		f.Old = nil
	}
	var closurePath string
	f.Decl, closurePath = declName(prefix, n.Name)
	f.Asm = o.Asm || ok && old.Asm
	f.FIPS = e.Set.Kind(y).IsFIPS()
	f.Linkname = flag2&goobj.Flag2Linkname != 0 || ok && old.Linkname
	e.describeSource(&f)
	if f.Class == Plain && !e.declared(&f) {
		f.Class = Generated // (*T).M of a method that is declared as T.M or promoted
	}
	e.inlined(&f)
	if f.Old != nil {
		f.NewSig, _ = e.Sig(y)
		f.OldSig = old.Type
		f.Signature = f.NewSig != f.OldSig || f.NewSig == ""
		if f.Class == Closure {
			f.SameClosure = e.sameClosure(&f, closurePath, closures)
		}
		f.Dictionary = dicts[withoutTypeArgs(n.Name)] || dicts[receiverOf(n.Name)]
	}
	e.Functions = append(e.Functions, f)
}

// anotherCopy reports that the release's function equals one of several definitions of y.
func (e *Edit) anotherCopy(y goobj.Sym, old *release.Symbol) bool {
	for _, d := range e.Set.Dups(y) {
		if e.Prints.Of(d) == old.Fingerprint {
			return true
		}
	}
	return false
}

// declared reports that a function's declaration is in the source of either version.
func (e *Edit) declared(f *Function) bool {
	src := e.Sources[f.Package]
	return src.New != nil && src.New.Funcs[f.Decl] != nil || src.Old != nil && src.Old.Funcs[f.Decl] != nil
}

func (e *Edit) describeSource(f *Function) {
	src, ok := e.Sources[f.Package]
	if !ok {
		return
	}
	if d := src.New.Funcs[f.Decl]; d != nil {
		f.File, f.Line = d.Pos.Filename, d.Pos.Line
		f.Nosplit = d.Pragmas["nosplit"]
		f.Linkname = f.Linkname || d.Pragmas["linkname"]
		f.Edited = true
		if src.Old != nil && src.Old.Funcs[f.Decl] != nil {
			o := src.Old.Funcs[f.Decl]
			f.Edited = o.Text != d.Text
			f.Nosplit = f.Nosplit || o.Pragmas["nosplit"]
		}
	}
}

// inlined lists what the new body of a function inlines from changed packages.
func (e *Edit) inlined(f *Function) {
	fi, ok := e.Set.FuncInfo(f.Sym)
	if !ok {
		return
	}
	seen := map[string]bool{}
	for _, n := range fi.Inline {
		if !e.Set.Defined(n.Func) {
			continue
		}
		path := e.importPath(e.Set.Object(n.Func).Pkg)
		if _, ok := e.Sources[path]; !ok {
			continue
		}
		d, _ := declName(goobj.PackagePrefix(e.symbolPath(path)), e.Set.NameOf(n.Func).Name)
		if k := path + "\x00" + d; d != "" && !seen[k] {
			seen[k] = true
			f.Inlines = append(f.Inlines, k)
		}
	}
}

func (e *Edit) importPath(symbolPath string) string {
	if symbolPath == "main" {
		return e.Record.Packages[len(e.Record.Packages)-1].Import
	}
	return symbolPath
}

// mentions completes Inlines from the source: a call that was folded into a constant leaves no
// trace in the object. It explains a function whose own source did not change.
func (e *Edit) mentions() {
	edited := map[string][]string{} // last part of a declaration's name -> keys
	for path, p := range e.Sources {
		if p.Old == nil {
			continue
		}
		for name, f := range p.New.Funcs {
			if o := p.Old.Funcs[name]; o != nil && o.Text != f.Text {
				last := name[strings.LastIndexByte(name, '.')+1:]
				edited[last] = append(edited[last], path+"\x00"+name)
			}
		}
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		src := e.Sources[f.Package].New
		if f.Edited || len(f.Inlines) > 0 || src == nil || src.Funcs[f.Decl] == nil {
			continue
		}
		seen := map[string]bool{}
		ast.Inspect(src.Funcs[f.Decl].Decl, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !seen[id.Name] {
				seen[id.Name] = true
				f.Inlines = append(f.Inlines, edited[id.Name]...)
			}
			return true
		})
	}
}

// changedDicts finds generic functions and types whose dictionaries changed: their old callers
// pass dictionaries that the new body would misread.
func (e *Edit) changedDicts() map[string]bool {
	out := map[string]bool{}
	for _, o := range e.rebuiltObjects() {
		for y := range e.Set.AllDefinitions(o) {
			n := e.Set.NameOf(y)
			before, after, ok := strings.Cut(n.Name, "..dict.")
			if !ok {
				continue
			}
			if s, ok := e.Record.Lookup(n.Name, n.ABI); ok && e.Prints.Of(y) != s.Fingerprint {
				out[before+"."+withoutTypeArgs(after)] = true
			}
		}
	}
	return out
}

// receiverOf is "pkg.T" for the methods "pkg.T.M" and "pkg.(*T).M" of a generic type.
func receiverOf(name string) string {
	s := withoutTypeArgs(name)
	if i := strings.LastIndex(s, ".(*"); i >= 0 {
		if j := strings.IndexByte(s[i:], ')'); j >= 0 {
			return s[:i] + "." + s[i+3:i+j]
		}
	}
	if i := strings.LastIndexByte(s, '.'); i >= 0 {
		return s[:i]
	}
	return s
}

// closureNames joins the names of all closures of a declaration in the program, by declaration:
// when they are the same in the edited build, inlining has numbered no closure anew.
func (e *Edit) closureNames() map[string]string {
	old, new := map[string][]string{}, map[string][]string{}
	collect := func(m map[string][]string, pkg, name string) {
		if decl, path := declName(goobj.PackagePrefix(pkg), name); path != "" {
			m[pkg+"\x00"+decl] = append(m[pkg+"\x00"+decl], name)
		}
	}
	for i := range e.Record.Symbols {
		if s := &e.Record.Symbols[i]; s.Kind.IsText() && s.ABI == goobj.ABIInternal {
			collect(old, s.Package, s.Name)
		}
	}
	rebuilt := map[string]bool{}
	for _, p := range e.Rebuilt {
		rebuilt[e.symbolPath(p)] = true
	}
	for _, o := range e.Set.Objects {
		if !rebuilt[o.Pkg] {
			continue
		}
		for y := range e.Set.Definitions(o) {
			if n := e.Set.NameOf(y); e.Set.Kind(y).IsText() && e.Set.Size(y) > 0 && n.ABI == goobj.ABIInternal {
				collect(new, o.Pkg, n.Name)
			}
		}
	}
	out := map[string]string{}
	for k, names := range old {
		// The linker drops closures that nothing reaches, so the old ones must be among the new.
		has := map[string]bool{}
		for _, n := range new[k] {
			has[n] = true
		}
		same := true
		for _, n := range names {
			same = same && has[n]
		}
		if same {
			out[k] = "same"
		}
	}
	return out
}

// sameClosure proves that the closure of that name is the same literal in both versions, with the
// same signature and the same captured variables in the same places.
func (e *Edit) sameClosure(f *Function, path string, closures map[string]string) bool {
	if f.Signature || !f.Old.CapturesKnown {
		return false
	}
	if _, known := e.Sig(f.Sym); !known {
		return false
	}
	if closures[e.symbolPath(f.Package)+"\x00"+f.Decl] == "" {
		return false
	}
	src := e.Sources[f.Package]
	if src.Old == nil || !declLiteralsMatch(src, f.Decl) {
		return false
	}
	// ".mk.func1" is the literal of mk, which was inlined here.
	for _, part := range strings.Split(strings.Trim(path, "."), ".") {
		if !numberedPart(part) && !strings.Contains(part, "-range") && !e.calleeLiteralsMatch(part) {
			return false
		}
	}
	return true
}

func declLiteralsMatch(p Pair, decl string) bool {
	if decl == "glob." {
		return literalsMatch(p.Old.globLiterals(), p.New.globLiterals())
	}
	o, n := p.Old.Funcs[decl], p.New.Funcs[decl]
	return o != nil && n != nil && literalsMatch(o.Literals, n.Literals) && o.LocalTypes == n.LocalTypes
}

// calleeLiteralsMatch looks at every function of that name in the changed packages.
func (e *Edit) calleeLiteralsMatch(name string) bool {
	for _, p := range e.Sources {
		if p.Old == nil {
			continue
		}
		for decl := range p.New.Funcs {
			if strings.HasSuffix(decl, name) && !declLiteralsMatch(p, decl) {
				return false
			}
		}
	}
	return true
}

// globLiterals are the literals in the initialisers of package variables.
func (s *Source) globLiterals() []string {
	var vars []*Var
	for _, v := range s.Vars {
		vars = append(vars, v)
	}
	sort.Slice(vars, func(i, j int) bool { return vars[i].Name.Pos() < vars[j].Name.Pos() })
	var out []string
	for _, v := range vars {
		out = append(out, v.Literals...)
	}
	return out
}

// Siblings identifies the literals among which a closure was numbered: those of its declaration
// and of what is inlined into it. nil for functions that are no closures of changed packages.
func (e *Edit) Siblings(pkg string, n goobj.Name) []string {
	path := e.importPath(pkg)
	src, ok := e.Sources[path]
	if !ok {
		return nil
	}
	decl, rest := declName(goobj.PackagePrefix(pkg), n.Name)
	if rest == "" {
		return nil
	}
	if decl == "glob." {
		return src.New.globLiterals()
	}
	var out []string
	if d := src.New.Funcs[decl]; d != nil {
		out = append(out, d.Literals...)
	}
	for _, part := range strings.Split(strings.Trim(rest, "."), ".") {
		if numberedPart(part) {
			continue
		}
		for _, d := range src.New.Funcs {
			if strings.HasSuffix(funcName(d.Decl), part) {
				out = append(out, d.Literals...)
			}
		}
	}
	return out
}

// findRemoved lists functions that the program has and the edited build does not define.
func (e *Edit) findRemoved() {
	rebuilt := map[string]string{}
	for _, p := range e.Rebuilt {
		rebuilt[e.symbolPath(p)] = p
	}
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		path, ok := rebuilt[s.Package]
		if !ok || !s.Kind.IsText() {
			continue
		}
		if y, ok := e.Set.Lookup(s.Name, s.ABI); ok && e.Set.Size(y) > 0 {
			continue
		}
		f := Function{Name: goobj.Name{Name: s.Name, ABI: s.ABI}, Old: s, Package: path}
		prefix := goobj.PackagePrefix(s.Package)
		f.Class = classify(prefix, f.Name, 0)
		f.Decl, _ = declName(prefix, s.Name)
		e.Functions = append(e.Functions, f)
	}
}
