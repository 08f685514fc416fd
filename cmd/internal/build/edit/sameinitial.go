package edit

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// The data of a variable is another one where a type in it is laid out anew, though nobody changed its initial value. Then
// the source alone tells what the initial value is made of.

// onlyRelaid reports a variable whose initialiser is as before but for types in it, or in the variable, that are laid out anew.
func (e *Edit) onlyRelaid(path, name string) bool {
	is := e.newDecl.check(path).Scope().Lookup(name)
	was, v := e.Sources[path].Old.Vars[name], e.Sources[path].New.Vars[name]
	if is == nil || was == nil || v == nil {
		return false
	}
	relaid := e.leadsToRelaid(is.Type(), map[types.Type]bool{}) || e.makesRelaid(path, v)
	return relaid && e.sameConstants(path, was, v)
}

// InitialisesAsBefore reports a package that the edit initialises by other code because types are laid out anew, with the
// values that it had.
func (e *Edit) InitialisesAsBefore(path string) bool {
	p := e.Sources[path]
	if p.Old == nil || p.New == nil {
		return false
	}
	relaid := false
	for name, v := range p.New.Vars {
		was := p.Old.Vars[name]
		if was == nil || was.Value != nil != (v.Value != nil) || !e.sameConstants(path, was, v) {
			return false
		}
		relaid = relaid || e.makesRelaid(path, v)
	}
	return relaid
}

// makesRelaid reports an initialiser with a value of a type that is laid out anew, or that leads to one.
func (e *Edit) makesRelaid(path string, v *Var) bool {
	info, seen := e.newDecl.bodies(path), map[types.Type]bool{}
	return slices.ContainsFunc(expressions(v.Value), func(x ast.Expr) bool {
		t := info.TypeOf(x)
		return t != nil && e.leadsToRelaid(t, seen)
	})
}

// sameConstants reports that two initialisers with one text have the same constants in them.
func (e *Edit) sameConstants(path string, was, is *Var) bool {
	olds, news := expressions(was.Value), expressions(is.Value)
	if len(olds) != len(news) {
		return false
	}
	oldInfo, newInfo := e.oldDecl.bodies(path), e.newDecl.bodies(path)
	for i := range olds {
		o, n := oldInfo.Types[olds[i]].Value, newInfo.Types[news[i]].Value
		if (o == nil) != (n == nil) || o != nil && (o.Kind() != n.Kind() || !constant.Compare(o, token.EQL, n)) {
			return false
		}
	}
	return true
}

// expressions are those in an initialiser, without the bodies of function literals.
func expressions(x ast.Expr) (out []ast.Expr) {
	if x == nil {
		return nil
	}
	ast.Inspect(x, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok {
			out = append(out, x)
		}
		_, body := n.(*ast.BlockStmt)
		return !body
	})
	return out
}

// leadsToRelaid reports a type that is laid out anew in the edit, or has such a type as a part, or leads to one.
func (e *Edit) leadsToRelaid(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	visit := func(t types.Type) bool { return e.leadsToRelaid(t, seen) }
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		o := t.Origin().Obj()
		if o.Pkg() == nil {
			return false
		}
		anew := slices.ContainsFunc(e.Types, func(c Type) bool {
			return (c.Old != nil || c.Unknown != "") && c.Func == "" && c.Name == o.Name() && c.Package == o.Pkg().Path()
		})
		if anew {
			return true
		}
		for a := range t.TypeArgs().Types() {
			if visit(a) {
				return true
			}
		}
		return visit(t.Underlying())
	case *types.Pointer:
		return visit(t.Elem())
	case *types.Slice:
		return visit(t.Elem())
	case *types.Array:
		return visit(t.Elem())
	case *types.Chan:
		return visit(t.Elem())
	case *types.Map:
		return visit(t.Key()) || visit(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if visit(f.Type()) {
				return true
			}
		}
	}
	return false
}
