package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// findFunctions compares the functions of every rebuilt package, object by object.
func (e *Edit) findFunctions() {
	dicts := e.changedDicts()
	e.matchClosures()
	byPath := map[string][]*goobj.Object{}
	for _, o := range e.Set.Objects {
		byPath[o.Pkg] = append(byPath[o.Pkg], o)
	}
	for _, path := range append(append([]string(nil), e.Rebuilt...), e.Added...) {
		for _, o := range byPath[e.symbolPath(path)] {
			for y := range e.Set.Definitions(o) {
				if e.Set.Kind(y).IsText() && e.Set.Size(y) > 0 {
					e.compareFunction(path, o, y, dicts)
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

func (e *Edit) compareFunction(path string, o *goobj.Object, y goobj.Sym, dicts map[string]bool) {
	n := e.Set.NameOf(y)
	old, ok := e.Record.Lookup(n.Name, n.ABI)
	if was := e.closures.was[y]; was != nil {
		old, ok = was, true
	} else if ok && e.closures.paired[old] {
		ok = false // the number of another literal
	}
	others := ok && e.capturesOtherFunctions(old, y)
	if ok && old.Fingerprint == e.Prints.Of(y) && !others {
		return
	}
	if ok && !others && e.anotherCopy(y, old) {
		return
	}
	path = e.declaredIn(path, n.Name)
	_, flag2 := e.Set.Flags(y)
	f := Function{Name: n, Sym: y, Old: old, Package: path, Class: e.classOf(path, n, flag2)}
	if !ok {
		f.Old = nil
	}
	f.Decl, _ = e.declOf(path, n.Name)
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
		if f.Class == Closure || f.Class == RangeBody {
			f.sameCalls = !others
		}
		f.Dictionary = usesDictionary(n.Name, dicts)
	}
	e.Functions = append(e.Functions, f)
}

// SameCode reports whether a function has the code of the release, so that only what it captures can differ.
func (e *Edit) SameCode(f *Function) bool {
	return f.Old != nil && f.Sym != 0 && f.Old.Fingerprint == e.Prints.Of(f.Sym)
}

// declaredIn is the package whose source declares a function that package path has compiled: another one for an instance
// of a generic function, or a method of a generic type, of a changed package.
func (e *Edit) declaredIn(path, symbol string) string {
	if strings.HasPrefix(symbol, goobj.PackagePrefix(e.symbolPath(path))+".") || !strings.Contains(symbol, "[") {
		return path
	}
	if prefix, ok := symbolPrefix(symbol); ok {
		if in, ok := e.ownerOf(prefix); ok {
			return in
		}
	}
	return path
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
		name := e.Set.NameOf(n.Func).Name
		path := e.declaredIn(e.importPath(e.Set.Object(n.Func).Pkg), name)
		if _, ok := e.Sources[path]; !ok {
			continue
		}
		d, _ := e.declOf(path, name)
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
// trace in the object. It explains a function whose own source did not change, and where a declaration is that the
// program has in no other way.
func (e *Edit) mentions() {
	edited := map[string][]string{} // last part of a declaration's name -> keys
	for path, p := range e.Sources {
		if p.Old == nil {
			continue
		}
		for name, f := range p.New.Funcs {
			o := p.Old.Funcs[name]
			if EditsBody(o, f) && !(o.Pragmas["noinline"] && f.Pragmas["noinline"]) {
				last := name[strings.LastIndexByte(name, '.')+1:]
				edited[last] = append(edited[last], path+"\x00"+name)
			}
		}
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		src := e.Sources[f.Package].New
		if src == nil || src.Funcs[f.Decl] == nil {
			continue
		}
		explained := f.Edited || slices.ContainsFunc(f.Inlines, func(k string) bool { return e.edited(k) })
		seen := map[string]bool{}
		ast.Inspect(src.Funcs[f.Decl].Decl, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !seen[id.Name] {
				seen[id.Name] = true
				for _, k := range edited[id.Name] {
					path, decl, _ := strings.Cut(k, "\x00")
					if (path == f.Package || id.IsExported()) && decl != f.Decl && (!explained || !e.InProgram(path, decl)) && !slices.Contains(f.Inlines, k) {
						f.Inlines = append(f.Inlines, k)
					}
				}
			}
			return true
		})
	}
}

// edited reports a declaration whose source changed.
func (e *Edit) edited(key string) bool {
	path, decl, _ := strings.Cut(key, "\x00")
	p := e.Sources[path]
	return p.Old != nil && EditsBody(p.Old.Funcs[decl], p.New.Funcs[decl])
}

// changedDicts finds generic functions and types whose dictionaries changed: their old callers
// pass dictionaries that the new body would misread. All dictionaries of one have the same form, so
// one that is in both builds tells.
func (e *Edit) changedDicts() map[string]bool {
	compared, out := map[string]bool{}, map[string]bool{}
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		for y := range e.Set.AllDefinitions(o) {
			n := e.Set.NameOf(y)
			_, after, ok := strings.Cut(n.Name, "..dict.")
			if !ok {
				continue
			}
			name := withoutTypeArgs(after)
			old, ok := e.Record.Lookup(n.Name, n.ABI)
			switch {
			case ok && !compared[name]:
				compared[name], out[name] = true, old.Fingerprint != e.Prints.Of(y)
			case ok:
				out[name] = out[name] || old.Fingerprint != e.Prints.Of(y)
			case !compared[name]:
				// The program may have had no use for an empty one.
				out[name] = out[name] || e.Set.Size(y) > 0
			}
		}
	}
	for name, changed := range out {
		if !changed {
			delete(out, name)
		}
	}
	return out
}

// usesDictionary reports code that is shared by instances of a generic function or type, or a closure
// in such code, among those whose dictionaries changed.
func usesDictionary(name string, dicts map[string]bool) bool {
	if len(dicts) == 0 || !strings.Contains(name, "go.shape.") {
		return false
	}
	name = withoutTypeArgs(name) + "."
	for d := range dicts {
		if strings.Contains(name, "."+d+".") || strings.Contains(name, "(*"+d+").") {
			return true
		}
	}
	return false
}

// dictionaryForm identifies the form of the dictionaries that code gets which instances share, "" for other code. What
// is in a dictionary follows from the source of the generic function or type; callers of another version pass another
// one. Of several dictionaries the one with the shortest name stands for all.
func (e *Edit) dictionaryForm(name string) string {
	if !strings.Contains(name, "go.shape.") {
		return ""
	}
	if e.dictionaries == nil {
		e.dictionaries = map[string]goobj.Sym{}
		for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
			for y := range e.Set.AllDefinitions(o) {
				e.addDictionary(y)
			}
		}
	}
	name = withoutTypeArgs(name) + "."
	var out []string
	for of, y := range e.dictionaries {
		pkg, d, _ := strings.Cut(of, "\x00")
		if strings.Contains(name, pkg+"."+d+".") || strings.Contains(name, pkg+".(*"+d+").") {
			out = append(out, fmt.Sprintf("%s %x", of, e.Prints.Of(y)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// addDictionary enters y, if that is the dictionary of a generic function or type.
func (e *Edit) addDictionary(y goobj.Sym) {
	name := e.Set.NameOf(y).Name
	pkg, d, ok := strings.Cut(name, "..dict.")
	if !ok {
		return
	}
	of := pkg + "\x00" + withoutTypeArgs(d)
	if have, ok := e.dictionaries[of]; ok {
		was := e.Set.NameOf(have).Name
		if cmp.Or(cmp.Compare(len(name), len(was)), strings.Compare(name, was)) >= 0 {
			return
		}
	}
	e.dictionaries[of] = y
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
		path = e.declaredIn(path, s.Name)
		f := Function{Name: goobj.Name{Name: s.Name, ABI: s.ABI}, Old: s, Package: path}
		f.Class = e.classOf(path, f.Name, 0)
		f.Decl, _ = e.declOf(path, s.Name)
		e.Functions = append(e.Functions, f)
	}
}
