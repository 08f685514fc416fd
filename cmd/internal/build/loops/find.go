package loops

import (
	"go/ast"
	"go/token"
)

// loops finds the loops of a declaration that are written otherwise.
func (p *pkg) loops(fn *ast.FuncDecl) []*loop {
	var out []*loop
	p.within(fn.Body, newScope(p, fn.Recv, fn.Type), &out)
	return out
}

// within finds the loops in a function's body, and in those of the literals inside.
func (p *pkg) within(body *ast.BlockStmt, s *scope, out *[]*loop) {
	s.declare(body)
	labels := map[ast.Stmt]token.Pos{}
	add := func(l *loop, at ast.Stmt) {
		if l != nil {
			l.from = labels[at]
			if !l.from.IsValid() {
				l.from = at.Pos()
			}
			*out = append(*out, l)
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			p.within(n.Body, s.inner(n.Type), out)
			return false
		case *ast.LabeledStmt:
			labels[n.Stmt] = n.Pos()
		case *ast.ForStmt:
			add(p.forLoop(n, s), n)
		case *ast.RangeStmt:
			add(p.rangeLoop(n, s), n)
		}
		return true
	})
}

func (p *pkg) forLoop(n *ast.ForStmt, s *scope) *loop {
	l := &loop{at: n, body: n.Body, ends: breaks(n.Body)}
	switch {
	case n.Init != nil || n.Post != nil:
		return nil
	case n.Cond == nil:
		l.kind = endless
	case calls(n.Cond) && !recovers(n.Cond):
		l.kind, l.expr = while, n.Cond
	default:
		return nil
	}
	if recovers(n.Body) || s.shadows() || !(p.waits(n, s) || n.Cond == nil && !left(n.Body) && callsFunctions(n.Body)) {
		return nil
	}
	return l
}

// left reports whether a statement leads out of a loop whose body is given. One that is never left is worth a call more at each
// turn, whatever it does.
func left(body *ast.BlockStmt) bool {
	found := breaks(body)
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			found = true
		case *ast.BranchStmt:
			found = found || n.Tok == token.GOTO || n.Tok == token.CONTINUE && n.Label != nil
		}
		return !found
	})
	return found
}

// quick are predeclared functions and types, and packages of functions that are an instruction or so: a loop that calls
// nothing else spins.
var quick = map[string]bool{
	"append": true, "cap": true, "clear": true, "complex": true, "copy": true, "delete": true, "imag": true, "len": true, "make": true, "max": true, "min": true,
	"new": true, "panic": true, "real": true, "byte": true, "rune": true, "string": true, "uint": true, "int": true, "int8": true, "int16": true, "int32": true, "int64": true,
	"uint8": true, "uint16": true, "uint32": true, "uint64": true, "uintptr": true, "float32": true, "float64": true, "any": true,
	"atomic": true, "bits": true, "math": true, "runtime": true,
}

// callsFunctions reports whether something is called that may take its time.
func callsFunctions(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			switch f := ast.Unparen(n.Fun).(type) {
			case *ast.Ident:
				found = found || !quick[f.Name]
			case *ast.SelectorExpr:
				x, ok := f.X.(*ast.Ident)
				found = found || !ok || !quick[x.Name]
			}
		}
		return !found
	})
	return found
}

func (p *pkg) rangeLoop(n *ast.RangeStmt, s *scope) *loop {
	if n.Value != nil || !s.channel(n.X) || recovers(n.Body) || s.shadows() {
		return nil
	}
	return &loop{at: n, kind: receive, body: n.Body, expr: n.X, ends: true}
}

// calls reports whether an expression calls something.
func calls(x ast.Node) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}

// recovers reports whether a function of the runtime is called that depends on whose frame it is called in, and so would do
// something else in the body of a loop that is a function.
func recovers(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			switch f := ast.Unparen(n.Fun).(type) {
			case *ast.Ident:
				found = found || f.Name == "recover"
			case *ast.SelectorExpr:
				found = found || f.Sel.Name == "Caller" || f.Sel.Name == "Callers"
			}
		}
		return !found
	})
	return found
}

// breaks reports whether a break may lead out of a loop whose body is given: one of its own, or one with a label, which may be
// the loop's.
func breaks(body *ast.BlockStmt) (found bool) {
	var look func(n ast.Node, own bool)
	look = func(n ast.Node, own bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.BranchStmt:
				found = found || m.Tok == token.BREAK && (own || m.Label != nil)
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				if m != n {
					look(m, false)
					return false
				}
			}
			return !found
		})
	}
	look(body, true)
	return found
}
