package edit

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Loop says of a function of the release how a goroutine gets out of a loop in it.
type Loop int

// Kinds of loops.
const (
	NoLoop  Loop = iota
	Leaves       // by a way that the source has, such as a return when a context is done
	Endless      // not at all
)

// LoopsFromStart says what loop a function has that is entered at the start of the program alone, once or as many times
// as a loop there starts it: it goes on until something happens, and only what is in it comes back to it.
func (e *Edit) LoopsFromStart(f *Function) Loop {
	if f.Old == nil || !e.entered(f, atStart) {
		return NoLoop
	}
	return e.loopOf(f.Old)
}

func (e *Edit) loopOf(s *release.Symbol) Loop {
	if body := e.bodyOf(s); body == nil || !e.waits(e.importPath(s.Package), body) {
		return NoLoop
	}
	if e.NeverLeft(&Function{Old: s}) {
		return Endless
	}
	return Leaves
}

// waits reports whether a body has a loop that goes on until something happens: without a condition, with nothing else,
// or over a channel.
func (e *Edit) waits(path string, body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt:
			found = found || n.Cond == nil || n.Init == nil && n.Post == nil
		case *ast.RangeStmt:
			found = found || e.overChannel(path, n)
		}
		return !found
	})
	return found
}

// NeverLeft reports a function of the release with a loop out of which no way leads. What panics at its end has parts
// without a way out as well, so the source counts too.
func (e *Edit) NeverLeft(f *Function) bool {
	if f.Old == nil || len(f.Old.Endless) == 0 {
		return false
	}
	body := e.bodyOf(f.Old)
	return body != nil && loopsForGood(body)
}

// loopsForGood reports whether a body has a loop without a condition that nothing leaves, or comes back by goto and does
// not return.
func loopsForGood(body *ast.BlockStmt) (found bool) {
	returns, goes := false, false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt:
			found = found || n.Cond == nil && !left(n)
		case *ast.ReturnStmt:
			returns = true
		case *ast.BranchStmt:
			goes = goes || n.Tok == token.GOTO
		}
		return true
	})
	return found || goes && !returns
}

// left reports whether a statement leaves a loop: a return, a goto, a break of its own or one with a label.
func left(loop *ast.ForStmt) (found bool) {
	var look func(n ast.Node, inner bool)
	look = func(n ast.Node, inner bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				found = true
			case *ast.BranchStmt:
				found = found || m.Tok == token.GOTO || m.Tok == token.BREAK && (m.Label != nil || !inner) || m.Tok == token.CONTINUE && m.Label != nil
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				if m != n {
					look(m, true)
					return false
				}
			}
			return !found
		})
	}
	look(loop.Body, false)
	return found
}

// LongLoop reports a function of the release with a loop, left when something happens, in which a goroutine may wait for
// what others do.
func (e *Edit) LongLoop(f *Function) (found bool) {
	if f.Old == nil {
		return false
	}
	path, body := e.importPath(f.Old.Package), e.bodyOf(f.Old)
	if body == nil {
		return false
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt:
			found = found || (n.Cond == nil || n.Init == nil && n.Post == nil) && e.canBlock(path, n)
		case *ast.RangeStmt:
			found = found || e.overChannel(path, n) || e.overFunction(path, n) && e.canBlock(path, n)
		case *ast.BranchStmt:
			found = found || n.Tok == token.GOTO && e.canBlock(path, body)
		}
		return !found
	})
	return found
}

// LongWait reports a function of the release in which a goroutine waits for others, not in a loop: it receives, selects
// without a default, or calls a method Wait of package sync.
func (e *Edit) LongWait(f *Function) (found bool) {
	if f.Old == nil {
		return false
	}
	path, body := e.importPath(f.Old.Package), e.bodyOf(f.Old)
	if p := e.Sources[path]; body == nil || p.Old == nil {
		return false
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SelectStmt:
			found = found || !slices.ContainsFunc(n.Body.List, func(s ast.Stmt) bool { c, ok := s.(*ast.CommClause); return ok && c.Comm == nil })
			return false
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Wait" {
				f, ok := e.oldDecl.bodies(path).Uses[sel.Sel].(*types.Func)
				found = found || ok && f.Pkg() != nil && f.Pkg().Path() == "sync"
			}
		}
		return !found
	})
	return found
}

// overChannel reports a range over a channel.
func (e *Edit) overChannel(path string, n *ast.RangeStmt) bool {
	_, ok := e.rangedOver(path, n).(*types.Chan)
	return ok
}

// overFunction reports a range over a function.
func (e *Edit) overFunction(path string, n *ast.RangeStmt) bool {
	_, ok := e.rangedOver(path, n).(*types.Signature)
	return ok
}

// rangedOver is the underlying type of what a range goes over in the release, nil where it is not known.
func (e *Edit) rangedOver(path string, n *ast.RangeStmt) types.Type {
	t := e.oldType(path, n.X)
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// blocking are packages of which functions and methods wait for the outside, for time or for other goroutines.
var blocking = map[string]bool{
	"bufio": true, "context": true, "crypto/tls": true, "database/sql": true, "io": true, "net": true, "net/http": true,
	"net/rpc": true, "net/textproto": true, "os": true, "os/exec": true, "os/signal": true, "sync": true, "syscall": true, "time": true,
}

// canBlock reports whether a loop communicates, or calls something of a package that waits.
func (e *Edit) canBlock(path string, loop ast.Node) (found bool) {
	if p, ok := e.Sources[path]; !ok || p.Old == nil {
		return false
	}
	info := e.oldDecl.bodies(path)
	ast.Inspect(loop, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SendStmt, *ast.SelectStmt:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.RangeStmt:
			found = found || e.overChannel(path, n)
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
				f, ok := info.Uses[sel.Sel].(*types.Func)
				found = found || ok && f.Pkg() != nil && blocking[f.Pkg().Path()]
			}
		}
		return !found
	})
	return found
}

// oldType is the type of an expression in the release, nil where it is not known.
func (e *Edit) oldType(path string, x ast.Expr) types.Type {
	if p, ok := e.Sources[path]; !ok || p.Old == nil {
		return nil
	}
	return e.oldDecl.bodies(path).TypeOf(x)
}

// startsSome reports a loop that is left after a number of rounds which is known when it begins, and does nothing in a
// round but start goroutines: it calls nothing that could wait.
func (e *Edit) startsSome(path string, loop ast.Node) bool {
	var body *ast.BlockStmt
	switch loop := loop.(type) {
	case *ast.ForStmt:
		x, ok := loop.Cond.(*ast.BinaryExpr)
		if !ok || loop.Init == nil || loop.Post == nil || x.Op == token.LAND || x.Op == token.LOR {
			return false
		}
		body = loop.Body
	case *ast.RangeStmt:
		t := e.oldType(path, loop.X)
		if t == nil {
			return false
		}
		switch t.Underlying().(type) {
		case *types.Basic, *types.Slice, *types.Array, *types.Map, *types.Pointer:
		default:
			return false
		}
		body = loop.Body
	}
	quick := true
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			for _, arg := range n.Call.Args {
				ast.Inspect(arg, func(n ast.Node) bool { quick = quick && !e.mayWait(path, n); return true })
			}
			return false
		default:
			quick = quick && !e.mayWait(path, n)
		}
		return quick
	})
	return quick
}

// mayWait reports calls other than those of the language and of a WaitGroup's Add, and what communicates.
func (e *Edit) mayWait(path string, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Add" {
			return false
		}
		if p, ok := e.Sources[path]; !ok || p.Old == nil {
			return true
		}
		t := e.oldDecl.bodies(path).Types[n.Fun]
		return !t.IsType() && !t.IsBuiltin()
	case *ast.UnaryExpr:
		return n.Op == token.ARROW
	case *ast.SendStmt, *ast.SelectStmt:
		return true
	}
	return false
}
