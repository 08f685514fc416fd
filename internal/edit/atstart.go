package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/release"
)

// AtStart reports a function of the release that is entered at the start of the program alone: all calls of it are in main
// or in initialisers, or in functions that are called there, and none of them is repeated.
func (e *Edit) AtStart(f *Function) bool {
	if f.Old == nil || e.RunsOnce(f) || len(e.Record.Inlined[f.Old.Name]) > 0 {
		return false
	}
	if e.atStart == nil {
		e.atStart = map[*release.Symbol]bool{}
	}
	return e.enteredAtStart(f.Old)
}

func (e *Edit) enteredAtStart(s *release.Symbol) bool {
	if known, ok := e.atStart[s]; ok {
		return known
	}
	e.atStart[s] = false // calls in a circle are repeated
	callers := slices.DeleteFunc(e.Record.LedFrom(s), func(c *release.Symbol) bool { return c == s })
	once := (!s.Indirect || e.onlyCalled(s)) && len(callers) > 0
	for _, c := range callers {
		once = once && e.callsOnce(c, s)
	}
	e.atStart[s] = once
	return once
}

// onlyCalled reports a function of a changed package of which no func value is made but for a go statement: other packages
// can't name it, and its own one names it in calls alone.
func (e *Edit) onlyCalled(s *release.Symbol) bool {
	path := e.importPath(s.Package)
	decl, _ := e.declOf(path, s.Name)
	source := e.Sources[path].Old
	if source == nil || source.Funcs[decl] == nil || strings.Contains(decl, ".") || path != e.importPath("main") && ast.IsExported(decl) {
		return false
	}
	called := map[*ast.Ident]bool{}
	value := false
	for _, f := range source.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				called[n.Name] = true
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok {
					called[id] = true
				}
			case *ast.Ident:
				value = value || n.Name == decl && !called[n]
			}
			return true
		})
	}
	return !value
}

// callsOnce reports whether a function runs once and calls another one once each time that it runs.
func (e *Edit) callsOnce(caller, callee *release.Symbol) bool {
	name := caller.Name
	if around, ok := statement(name); ok && strings.HasPrefix(name[len(around):], ".gowrap") {
		name = around // the go statement is a part of it
	}
	s, ok := e.Record.Lookup(name, caller.ABI)
	if !ok {
		return false
	}
	path := e.importPath(s.Package)
	if !startsProgram(name, path == e.importPath("main")) && !e.enteredAtStart(s) {
		return false
	}
	decl, _ := e.declOf(path, name)
	_, last, _ := cutLast(withoutTypeArgs(callee.Name))
	d := e.declarationOf(path, decl)
	if d == nil || repeats(d, last) {
		return false
	}
	return !slices.ContainsFunc(e.escapes.inlined[caller.Name], func(inlined string) bool {
		path, _, decl, ok := e.owner(inlined)
		if !ok {
			return false
		}
		d := e.declarationOf(path, decl)
		return d == nil || calls(d, last)
	})
}

// startsProgram reports main.main, and init functions.
func startsProgram(symbol string, main bool) bool {
	_, function, _ := cutLast(symbol)
	if main && symbol == "main.main" {
		return true
	}
	number := strings.TrimLeft(function, "0123456789")
	return function == "init" || number == "" && strings.HasSuffix(strings.TrimSuffix(symbol, "."+function), ".init")
}

// cutLast cuts a symbol before the last part of its name.
func cutLast(symbol string) (before, last string, ok bool) {
	i := strings.LastIndexByte(symbol, '.')
	if i < 0 {
		return "", symbol, false
	}
	return symbol[:i], symbol[i+1:], true
}

// declarationOf is the declaration of a function of the release, in a changed package or another one.
func (e *Edit) declarationOf(path, decl string) *ast.FuncDecl {
	if p, ok := e.Sources[path]; ok {
		if p.Old == nil || p.Old.Funcs[decl] == nil {
			return nil
		}
		return p.Old.Funcs[decl].Decl
	}
	p := e.Packages[path]
	if p == nil || p.Standard {
		return nil
	}
	for _, name := range p.GoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.Dir, name)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil
		}
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && funcName(d) == decl {
				return d
			}
		}
	}
	return nil
}

// repeats reports whether a function may call another one, known by the last part of its name, more than once each time
// that it runs, or is not seen to call it.
func repeats(d *ast.FuncDecl, callee string) bool {
	if d.Body == nil {
		return true
	}
	repeated := !calls(d, callee)
	var look func(n ast.Node, inLoop bool)
	look = func(n ast.Node, inLoop bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.ForStmt, *ast.RangeStmt:
				if m != n {
					look(m, true)
					return false
				}
			case *ast.FuncLit:
				look(m.Body, true)
				return false
			case *ast.LabeledStmt:
				repeated = true // something may go back to it
			case *ast.Ident:
				if m.Name == callee {
					repeated = repeated || inLoop
				}
			}
			return true
		})
	}
	look(d.Body, false)
	return repeated
}

// calls reports whether a function names another one, by the last part of its name.
func calls(d *ast.FuncDecl, callee string) (found bool) {
	ast.Inspect(d, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == callee
		return !found
	})
	return found
}
