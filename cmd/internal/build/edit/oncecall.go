package edit

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Package sync calls some functions once, however often the code around them runs: what a sync.Once that is a package
// variable is given, and what sync.OnceFunc and the like get in the initialiser of one.

// onceLiteral reports whether a literal of the release is called once by way of package sync, and is in the edit.
func (e *Edit) onceLiteral(s *release.Symbol) bool {
	at, ok := e.closures.oldLiteral[s]
	if !ok || !e.givenToOnce(at.literalOf, false) {
		return false
	}
	for y, was := range e.closures.was {
		if is, ok := e.closures.literal[y]; ok && was == s {
			return e.givenToOnce(is.literalOf, true)
		}
	}
	return true // the edit has none
}

func (e *Edit) givenToOnce(at literalOf, edited bool) (given bool) {
	l, s, info := e.source(at, edited)
	ast.Inspect(l.around, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		given = given || ok && len(call.Args) == 1 && ast.Unparen(call.Args[0]) == l.node && s.callsOnceOnly(call, info, at.group == varInit)
		return !given
	})
	return given
}

// onlyGivenToOnce reports whether nodes name something, and only as what package sync calls once.
func (s *Source) onlyGivenToOnce(nodes []ast.Node, name string, info *types.Info, initialisers bool) bool {
	found, given := 0, 0
	for _, n := range nodes {
		ast.Inspect(n, func(n ast.Node) bool {
			if names(n, name) {
				found++
			}
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 && s.callsOnceOnly(call, info, initialisers) {
				switch f := ast.Unparen(call.Args[0]).(type) {
				case *ast.Ident:
					if f.Name == name {
						given++
					}
				case *ast.SelectorExpr:
					if f.Sel.Name == name {
						given++
					}
				}
			}
			return true
		})
	}
	return found > 0 && found == given
}

// callsOnceOnly reports a call that hands its argument to a sync.Once which is a package variable that nothing sets anew
// or, in initialisers of package variables, to sync.OnceFunc, OnceValue or OnceValues.
func (s *Source) callsOnceOnly(call *ast.CallExpr, info *types.Info, initialisers bool) bool {
	fun := ast.Unparen(call.Fun)
	if x, ok := fun.(*ast.IndexExpr); ok {
		fun = x.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok || info == nil {
		return false
	}
	f, ok := info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != "sync" {
		return false
	}
	if f.FullName() != "(*sync.Once).Do" {
		return initialisers && strings.HasPrefix(f.FullName(), "sync.Once")
	}
	var id *ast.Ident
	switch x := ast.Unparen(sel.X).(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	}
	v, ok := info.Uses[id].(*types.Var)
	return ok && !v.IsField() && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() && !s.mayBeSet(v, info)
}

// mayBeSet reports whether a package variable may get another value than by its methods: by an assignment, through a
// pointer, or by another package.
func (s *Source) mayBeSet(v *types.Var, info *types.Info) (found bool) {
	if v.Exported() && v.Pkg().Name() != "main" {
		return true
	}
	is := func(x ast.Expr) bool {
		id, ok := ast.Unparen(x).(*ast.Ident)
		return ok && info.Uses[id] == v
	}
	for _, f := range s.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				found = found || slices.ContainsFunc(n.Lhs, is)
			case *ast.UnaryExpr:
				found = found || n.Op == token.AND && is(n.X)
			}
			return !found
		})
	}
	return found
}

// handsToOnce reports whether a function of the release names another one only to hand it to package sync, and does in
// the edit.
func (e *Edit) handsToOnce(caller *release.Symbol, path, callee string) bool {
	if caller.Name == goobj.PackagePrefix(e.symbolPath(path))+".init" {
		p := e.Sources[path]
		return p.Old != nil && p.Old.onlyGivenToOnce(p.Old.values(), callee, e.oldDecl.bodies(path), true) &&
			p.New.onlyGivenToOnce(p.New.values(), callee, e.newDecl.bodies(path), true)
	}
	decl, _ := e.declOf(path, caller.Name)
	p := e.Sources[path]
	if p.Old == nil || p.Old.Funcs[decl] == nil || p.New.Funcs[decl] == nil {
		return false
	}
	return p.Old.onlyGivenToOnce([]ast.Node{p.Old.Funcs[decl].Decl}, callee, e.oldDecl.bodies(path), false) &&
		p.New.onlyGivenToOnce([]ast.Node{p.New.Funcs[decl].Decl}, callee, e.newDecl.bodies(path), false)
}

// values are the initialisers of the package's variables.
func (s *Source) values() (out []ast.Node) {
	for _, v := range s.Vars {
		if v.Value != nil {
			out = append(out, v.Value)
		}
	}
	return out
}

// ownPart reports a part of a function that runs while the function does, or at its end: what the compiler makes of its go
// and defer statements, and literals that are called where they stand.
func (e *Edit) ownPart(c, s *release.Symbol) bool {
	for c != s {
		name, ok := statement(c.Name)
		if !ok {
			l, literal := e.closures.oldLiteral[c]
			if !literal || l.host != "" || !e.inPlace(l.literalOf) {
				return false
			}
			name, _, _ = cutLast(c.Name)
		}
		if c, ok = e.Record.Lookup(name, goobj.ABIInternal); !ok {
			return false
		}
	}
	return true
}

// inPlace reports a literal of the release that is called, deferred or started where it stands.
func (e *Edit) inPlace(at literalOf) bool {
	l, _, _ := e.source(at, false)
	return calledInPlace(l.around, l.node)
}

// CallsItself reports whether a function of the release is called by itself, or by a part of it such as a deferred literal.
func (e *Edit) CallsItself(f *Function) bool {
	return f.Old != nil && slices.ContainsFunc(e.entrances(f.Old), func(c *release.Symbol) bool { return e.ownPart(c, f.Old) })
}
