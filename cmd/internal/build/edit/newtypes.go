package edit

import (
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// Types that the release does not have can be laid out in another way in each patch. Where the linker needs their
// descriptors, the program finds that out. Others are on stacks and in variables of earlier patches alone, so what
// these hand over is told apart by how it is laid out.

// newTypes are the types that a release lacks, by the names that symbols, debugging information and shapes
// have of them.
type newTypes map[string]*types.Named

// NewLayout identifies how the types that the release does not have are laid out, of which text holds the names: of a
// signature, or of a type. It is empty where there are none.
func (e *Edit) NewLayout(text string) string {
	if e.newTypes == nil {
		e.newTypes = e.findNewTypes()
	}
	shapes := map[string]string{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" *&:;,()[]{}<>", r) }) {
		if t := e.newTypes[strings.TrimLeft(word, ".")]; t != nil {
			e.newTypes.reach(t, shapes, map[types.Type]bool{})
		}
	}
	if len(shapes) == 0 {
		return ""
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		out = append(out, name+" "+shapes[name])
	}
	return hashText(strings.Join(out, "\n"))
}

// findNewTypes includes the types of which the program has no value: patches lay them out as they like, too.
func (e *Edit) findNewTypes() newTypes {
	out := newTypes{}
	nowhere := map[string]bool{}
	for _, t := range e.Types {
		for _, name := range t.nowhere {
			nowhere[t.Package+"."+name] = true
		}
	}
	for path, p := range e.Sources {
		scope := e.newDecl.check(path).Scope()
		for _, name := range scope.Names() {
			is, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || p.Old != nil && e.oldDecl.check(path).Scope().Lookup(name) != nil && !nowhere[path+"."+name] {
				continue
			}
			if t, ok := types.Unalias(is.Type()).(*types.Named); ok && t.Obj() == is {
				out[path+"."+name] = t
				out[e.symbolPath(path)+"."+name] = t
				out[goobj.PackagePrefix(e.symbolPath(path))+"."+name] = t
			}
		}
	}
	return out
}

// has reports a type that the release lacks. The main package goes by its import path in types.
func (n newTypes) has(t *types.Named) bool {
	o := t.Origin()
	p := o.Obj().Pkg()
	return p != nil && (n[p.Path()+"."+o.Obj().Name()] == o || n["main."+o.Obj().Name()] == o)
}

// reach enters the shapes of the new types that a type leads to.
func (n newTypes) reach(t types.Type, shapes map[string]string, seen map[types.Type]bool) {
	t = types.Unalias(t)
	if seen[t] {
		return
	}
	seen[t] = true
	visit := func(t types.Type) { n.reach(t, shapes, seen) }
	tuple := func(t *types.Tuple) {
		for i := range t.Len() {
			visit(t.At(i).Type())
		}
	}
	switch t := t.(type) {
	case *types.Named:
		for i := range t.TypeArgs().Len() {
			visit(t.TypeArgs().At(i))
		}
		if n.has(t) {
			o := t.Origin()
			shapes[shape(o)] = shape(o.Underlying())
			visit(o.Underlying())
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
		for i := range t.NumFields() {
			visit(t.Field(i).Type())
		}
	case *types.Signature:
		tuple(t.Params())
		tuple(t.Results())
	case *types.Interface:
		for i := range t.NumMethods() {
			visit(t.Method(i).Type())
		}
	}
}
