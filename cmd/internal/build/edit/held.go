package edit

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Held are the functions that a closure of the edited build may have in its captured variables and call, as
// release.Record has them for closures of the program.
func (e *Edit) Held(y goobj.Sym) []goobj.Sym {
	if e.held == nil {
		e.held = e.findHeld()
	}
	return e.held[y]
}

func (e *Edit) findHeld() map[goobj.Sym][]goobj.Sym {
	numbers := map[goobj.Sym]uint32{}
	var syms []goobj.Sym
	number := func(y goobj.Sym) uint32 {
		n, ok := numbers[y]
		if !ok {
			n = uint32(len(syms))
			numbers[y], syms = n, append(syms, y)
		}
		return n
	}
	references := map[uint32]*release.References{}
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		for y := range e.Set.Definitions(o) {
			if !e.Set.Kind(y).IsText() {
				continue
			}
			f := &release.References{}
			references[number(y)] = f
			for _, rel := range e.Set.Relocs(y) {
				f.CallsValue = f.CallsValue || rel.Type == goobj.RCallInd
				if z, ok := e.leadOf(rel); ok {
					f.Note(rel, number(z), e.Set.NameOf(z).Name, z != rel.Sym)
				}
			}
		}
	}
	all := make([]release.References, len(syms))
	for n, f := range references {
		all[n] = *f
	}
	out := map[goobj.Sym][]goobj.Sym{}
	for i, list := range release.Held(all) {
		for _, n := range list {
			out[syms[i]] = append(out[syms[i]], syms[n])
		}
	}
	return out
}

// HoldsLess names a function that keeps less of its arguments than in the release, and that a closure of the edited build
// may have in its captured variables.
func (e *Edit) HoldsLess(f *Function) (name string, ok bool) {
	if f.Sym == 0 {
		return "", false
	}
	i := slices.IndexFunc(e.Held(f.Sym), e.keepsLess)
	if i < 0 {
		return "", false
	}
	return e.Set.NameOf(e.Held(f.Sym)[i]).Name, true
}

// capturesOtherFunctions reports whether a closure may have other functions in its captured variables than that of the
// release which was compiled from the same literal. Their code may be the same, but calls of existing closures lead to
// what those have.
func (e *Edit) capturesOtherFunctions(old *release.Symbol, y goobj.Sym) bool {
	was, ok1 := e.closures.oldLiteral[old]
	is, ok2 := e.closures.literal[y]
	if !ok1 || !ok2 || e.sameAround(was, is) && slices.Equal(e.heldNames(old), e.newHeldNames(y)) {
		return false
	}
	before, some := e.capturedFunctions(was, false)
	after, others := e.capturedFunctions(is, true)
	if !some && !others {
		return false
	}
	return before != after || !slices.Equal(e.heldNames(old), e.newHeldNames(y))
}

// sameAround reports whether the declarations that a literal is in, in the source and by inlining, have the same text in both
// versions. It needs no types, which take time to find.
func (e *Edit) sameAround(was, is hostedLiteral) bool {
	p, q := e.Sources[was.path].Old, e.Sources[is.path].New
	before, after := p.groups()[was.group][was.index].Decl, q.groups()[is.group][is.index].Decl
	return e.declarationText(was.path, before, p) == e.declarationText(is.path, after, q) && e.hostText(was.host, false) == e.hostText(is.host, true)
}

// capturedFunctions are the expressions that give their values to the variables of function types which a literal captures;
// some is false if there are none.
func (e *Edit) capturedFunctions(at hostedLiteral, edited bool) (text string, some bool) {
	l, s, info := e.source(at.literalOf, edited)
	var out []string
	seen := map[types.Object]bool{}
	ast.Inspect(l.node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := info.Uses[id].(*types.Var)
		if !ok || seen[v] || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || l.node.Pos() <= v.Pos() && v.Pos() < l.node.End() || !mayCall(v.Type()) {
			return true
		}
		seen[v] = true
		out = append(out, fmt.Sprint(len(out), e.valueOf(l.around, v, s)))
		return true
	})
	return strings.Join(out, "\n"), len(out) > 0
}

// mayCall reports types whose values can be called.
func mayCall(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Signature, *types.Interface: // that of a type parameter is its constraint
		return true
	}
	return false
}

// valueOf is the form of what a local variable is declared with, empty where it has no value of its own.
func (e *Edit) valueOf(around ast.Node, v *types.Var, s *Source) (form string) {
	ast.Inspect(around, func(n ast.Node) bool {
		var names []ast.Expr
		var values []ast.Expr
		switch n := n.(type) {
		case *ast.AssignStmt:
			names, values = n.Lhs, n.Rhs
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names = append(names, id)
			}
			values = n.Values
		}
		for i, x := range names {
			if x.Pos() == v.Pos() && i < len(values) {
				form = s.readSegment(values[i], around).form
			}
		}
		return form == ""
	})
	return form
}

func (e *Edit) heldNames(s *release.Symbol) (names []string) {
	for _, c := range e.Record.Held(s) {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// newHeldNames has closures by their names in the release.
func (e *Edit) newHeldNames(y goobj.Sym) (names []string) {
	for _, z := range e.Held(y) {
		name := e.Set.NameOf(z).Name
		if was := e.closures.was[z]; was != nil {
			name = was.Name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
