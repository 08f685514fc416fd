package edit

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// A type that is laid out anew and of which the program has no value is as good as new: nothing of the old layout can
// be misread. That there is none is proven of the release. Code that makes a value of the type, or handles one, names the
// type, or something that is declared with it, or calls what does. So it is enough that none of this is in the
// program: no function of the package, no variable, no description of a type that holds it, and that no other package
// names anything of it. Functions that were inlined leave no symbol, but those that call them belong to the same set.

// varOf begins the names of variables among declarations; functions have those of Source.Funcs.
const varOf = "var "

// whereabouts says which declarations of the release's version of a package have to do with which of its types.
type whereabouts struct {
	path  string
	src   *Source
	info  *types.Info
	scope *types.Scope

	parts map[*types.TypeName][]*types.TypeName // that a type consists of, leads to, or is called with
	names map[string]map[*types.TypeName]bool   // types of the package that a declaration has to do with
	users map[string][]string                   // those that refer to it, or to a method of an interface that may be it
	texts []string                              // names and types of symbols of the program that mention the package
}

// findNowhere finds the types that are laid out anew and of which the program can have no value.
func (e *Edit) findNowhere() {
	of := map[string]*whereabouts{}
	for i := range e.Types {
		t := &e.Types[i]
		if t.Old == nil || t.Func != "" {
			continue
		}
		w, known := of[t.Package]
		if !known {
			w = e.whereaboutsOf(t.Package)
			of[t.Package] = w
		}
		if w != nil {
			t.nowhere = e.nowhere(w, t.Name)
			t.Nowhere = len(t.nowhere) > 0
		}
	}
}

// whereaboutsOf reads the release's version of a package. It is nil where the source does not tell all.
func (e *Edit) whereaboutsOf(path string) *whereabouts {
	src := e.Sources[path].Old
	if p, ok := e.Record.PackageByPath(path); !ok || p.Standard || src == nil {
		return nil
	}
	for _, f := range src.Other {
		if f.Kind != "asm" {
			return nil // C code has values of what it declares
		}
	}
	w := &whereabouts{
		path: path, src: src, info: e.oldDecl.bodies(path), parts: map[*types.TypeName][]*types.TypeName{},
		names: map[string]map[*types.TypeName]bool{}, users: map[string][]string{},
	}
	if e.oldDecl.faulty[path] {
		return nil
	}
	for _, o := range w.info.Defs {
		if o == nil {
			continue
		}
		if tn, ok := o.(*types.TypeName); ok {
			w.part(tn)
		}
		if o.Pkg() != nil && o.Parent() == o.Pkg().Scope() {
			w.scope = o.Parent()
		}
	}
	declOf := map[types.Object]string{}
	for name, f := range src.Funcs {
		if o := w.info.Defs[f.Decl.Name]; o != nil {
			declOf[o] = name
		}
	}
	for name, v := range src.Vars {
		if o := w.info.Defs[v.Name]; o != nil {
			declOf[o] = varOf + name
		}
	}
	for name, f := range src.Funcs {
		w.read(name, f.Decl, declOf)
	}
	for name, v := range src.Vars {
		w.read(varOf+name, v.Spec, declOf)
	}
	for _, spec := range src.blank {
		w.read(varOf+"_", spec, declOf)
	}
	if w.scope == nil {
		return nil
	}
	return w
}

// part enters what a named type consists of.
func (w *whereabouts) part(tn *types.TypeName) {
	t := tn.Type()
	if n, ok := t.(*types.Named); ok {
		t = n.Underlying()
	}
	for p := range w.in(t) {
		w.parts[tn] = append(w.parts[tn], p)
	}
}

// in are the types with a name, of this package, in the text of a type.
func (w *whereabouts) in(t types.Type) map[*types.TypeName]bool {
	out := map[*types.TypeName]bool{}
	seen := map[types.Type]bool{}
	var visit func(t types.Type)
	visit = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := types.Unalias(t).(type) {
		case *types.Named:
			if t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == w.path {
				out[t.Origin().Obj()] = true
			}
			for a := range t.TypeArgs().Types() {
				visit(a)
			}
		case *types.Pointer:
			visit(t.Elem())
		case *types.Slice:
			visit(t.Elem())
		case *types.Array:
			visit(t.Elem())
		case *types.Chan:
			visit(t.Elem())
		case *types.Map:
			visit(t.Key())
			visit(t.Elem())
		case *types.Struct:
			for f := range t.Fields() {
				visit(f.Type())
			}
		case *types.Tuple:
			for v := range t.Variables() {
				visit(v.Type())
			}
		case *types.Signature:
			visit(t.Params())
			visit(t.Results())
			if t.Recv() != nil {
				visit(t.Recv().Type())
			}
		case *types.Interface:
			for m := range t.Methods() {
				visit(m.Type())
			}
			for x := range t.EmbeddedTypes() {
				visit(x)
			}
		case *types.Union:
			for x := range t.Terms() {
				visit(x.Type())
			}
		case *types.TypeParam:
			visit(t.Constraint())
		}
	}
	visit(t)
	return out
}

// read enters what a declaration has to do with.
func (w *whereabouts) read(name string, n ast.Node, declOf map[types.Object]string) {
	if w.names[name] == nil {
		w.names[name] = map[*types.TypeName]bool{}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		x, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		maps.Copy(w.names[name], w.in(w.info.TypeOf(x)))
		if id, ok := n.(*ast.Ident); ok {
			for _, to := range w.meant(w.info.Uses[id], declOf) {
				w.users[to] = append(w.users[to], name)
			}
			for a := range w.info.Instances[id].TypeArgs.Types() {
				maps.Copy(w.names[name], w.in(a))
			}
		}
		return true
	})
}

// meant are the declarations of the package that an identifier may stand for. A call of an interface's method may be
// compiled as one of a method that the compiler knows.
func (w *whereabouts) meant(o types.Object, declOf map[types.Object]string) []string {
	if o == nil {
		return nil
	}
	o = origin(o)
	if d := declOf[o]; d != "" {
		return []string{d}
	}
	f, ok := o.(*types.Func)
	if !ok || f.Signature().Recv() == nil || !types.IsInterface(f.Signature().Recv().Type()) {
		return nil
	}
	var out []string
	for d := range w.src.Funcs {
		if strings.HasSuffix(d, "."+f.Name()) {
			out = append(out, d)
		}
	}
	return out
}

// nowhere are the types that consist of one, and this, by name, when the program can have no value of it.
func (e *Edit) nowhere(w *whereabouts, name string) []string {
	tn, ok := w.scope.Lookup(name).(*types.TypeName)
	if !ok || tn.IsAlias() {
		return nil
	}
	members := w.members(tn)
	handles := w.handles(members)
	if e.mentionedInProgram(w, members) || e.compiled(w, handles) || e.namedElsewhere(w, members, handles) {
		return nil
	}
	var out []string
	for m := range members {
		if m.Parent() == w.scope {
			out = append(out, m.Name())
		}
	}
	slices.Sort(out)
	return out
}

// members are the types that have a type as a part, lead to it, or are called with it.
func (w *whereabouts) members(tn *types.TypeName) map[*types.TypeName]bool {
	out := map[*types.TypeName]bool{tn: true}
	for grown := true; grown; {
		grown = false
		for t, parts := range w.parts {
			if !out[t] && slices.ContainsFunc(parts, func(p *types.TypeName) bool { return out[p] }) {
				out[t], grown = true, true
			}
		}
	}
	return out
}

// handles are the declarations that have to do with members, and those that refer to such.
func (w *whereabouts) handles(members map[*types.TypeName]bool) map[string]bool {
	out := map[string]bool{}
	var enter func(d string)
	enter = func(d string) {
		if out[d] {
			return
		}
		out[d] = true
		for _, u := range w.users[d] {
			enter(u)
		}
	}
	for d, names := range w.names {
		for tn := range names {
			if members[tn] {
				enter(d)
				break
			}
		}
	}
	return out
}

// mentionedInProgram reports that the program has something with the name of a member in its name or type.
func (e *Edit) mentionedInProgram(w *whereabouts, members map[*types.TypeName]bool) bool {
	prefix := goobj.PackagePrefix(e.symbolPath(w.path)) + "."
	if w.texts == nil {
		for i := range e.Record.Symbols {
			for _, text := range []string{e.Record.Symbols[i].Name, e.Record.Symbols[i].Type} {
				if strings.Contains(text, prefix) {
					w.texts = append(w.texts, text)
				}
			}
		}
	}
	return slices.ContainsFunc(w.texts, func(text string) bool {
		for tn := range members {
			if mentions(text, prefix+tn.Name()) || strings.Contains(text, prefix+"(*"+tn.Name()) {
				return true
			}
		}
		return false
	})
}

// compiled reports that the program has the code of one of the declarations, or the variable.
func (e *Edit) compiled(w *whereabouts, handles map[string]bool) bool {
	prefix := goobj.PackagePrefix(e.symbolPath(w.path))
	methods := map[string]bool{} // also of types that embed theirs
	initialises := false
	vars := map[string]bool{}
	for d := range handles {
		if v, ok := strings.CutPrefix(d, varOf); ok {
			vars[prefix+"."+v], initialises = true, true
		} else if i := strings.LastIndexByte(d, '.'); i >= 0 && !strings.HasPrefix(d, "init.") {
			methods[d[i+1:]] = true
		}
	}
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		switch {
		case vars[s.Name]:
			return true
		case !s.Kind.IsText():
			continue
		}
		name := strings.TrimSuffix(goobj.WithoutCopy(s.Name), goobj.MethodValue)
		if methods[name[strings.LastIndexByte(name, '.')+1:]] && e.mayPromote(w, s.Package) {
			return true
		}
		if !strings.HasPrefix(s.Name, prefix+".") {
			continue
		}
		if d, _ := e.declOf(w.path, s.Name); handles[d] || d == varInit && initialises {
			return true
		}
	}
	return e.partsOf(vars)
}

// mayPromote reports a package whose types may have the methods of those of w: it imports w, itself or by way of others.
func (e *Edit) mayPromote(w *whereabouts, symbolPath string) bool {
	path := e.importPath(symbolPath)
	return path == w.path || slices.ContainsFunc(e.importersOf(w.path), func(u importing) bool { return u.path == path })
}

// partsOf reports that the program has parts of one of the variables that it lacks.
func (e *Edit) partsOf(vars map[string]bool) bool {
	for _, p := range e.Record.Parts {
		if vars[p.Variable] {
			return true
		}
	}
	return false
}

// namedElsewhere reports that another package of the program names a member, or a declaration that handles one. A
// method of a member needs a value of it, for which something else has to be named.
func (e *Edit) namedElsewhere(w *whereabouts, members map[*types.TypeName]bool, handles map[string]bool) bool {
	if e.symbolPath(w.path) == "main" {
		return false // nothing imports it
	}
	used := func(name string, method bool) bool {
		return ast.IsExported(name) && e.usedInRelease(w.path, name, method) != ""
	}
	for _, name := range w.scope.Names() {
		tn, ok := w.scope.Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		holds := members[tn]
		for p := range w.in(tn.Type()) {
			holds = holds || members[p] && tn.IsAlias()
		}
		if holds && used(name, false) {
			return true
		}
	}
	for d := range handles {
		if v, ok := strings.CutPrefix(d, varOf); ok {
			if used(v, false) {
				return true
			}
			continue
		}
		recv, method, ok := strings.Cut(d, ").")
		if !ok {
			recv, method, ok = strings.Cut(d, ".")
		}
		switch {
		case strings.HasPrefix(d, "init."):
		case !ok:
			if used(d, false) {
				return true
			}
		default:
			tn, _ := w.scope.Lookup(strings.TrimLeft(recv, "(*")).(*types.TypeName)
			if !members[tn] && used(method, true) {
				return true
			}
		}
	}
	return false
}
