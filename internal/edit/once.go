package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/release"
)

// CalledOnce reports a function of the release that is called once in the life of the program: all calls of it are in main
// or in initialisers, or in functions that are called once, none of them is repeated, and the edit adds none.
func (e *Edit) CalledOnce(f *Function) bool {
	if f.Old == nil || e.RunsOnce(f) || len(e.Record.Inlined[f.Old.Name]) > 0 {
		return false
	}
	if e.once == nil {
		e.once = map[*release.Symbol]bool{}
	}
	return e.calledOnce(f.Old)
}

func (e *Edit) calledOnce(s *release.Symbol) bool {
	if known, ok := e.once[s]; ok {
		return known
	}
	e.once[s] = false // calls in a circle are repeated
	callers := slices.DeleteFunc(e.callers(s), func(c *release.Symbol) bool { return c == s })
	once := len(callers) > 0 && !slices.ContainsFunc(callers, func(c *release.Symbol) bool { return !e.callsOnce(c, s) }) &&
		(!s.Indirect || e.onlyCalled(s)) && !e.newlyNamed(s, callers)
	e.once[s] = once
	return once
}

// callers are the functions of the release that lead to one.
func (e *Edit) callers(s *release.Symbol) []*release.Symbol {
	if e.reversed == nil {
		e.reversed = e.Record.Reverse()
	}
	return e.reversed.Callers(s)
}

// newlyNamed reports whether something of the edited build leads to a function beside its callers in the release.
func (e *Edit) newlyNamed(s *release.Symbol, callers []*release.Symbol) bool {
	y, ok := e.Set.Lookup(s.Name, s.ABI)
	if !ok || !e.Set.Defined(y) {
		return false // of a package that is as before, as are those that import it
	}
	return slices.ContainsFunc(e.namers(y), func(z goobj.Sym) bool {
		return !slices.ContainsFunc(callers, func(c *release.Symbol) bool { return c.Name == e.Set.NameOf(z).Name })
	})
}

// namers are the symbols of changed and new packages that refer to a function, directly or as a func value, or have it
// inlined. The tables of methods that types have are left out.
func (e *Edit) namers(y goobj.Sym) (out []goobj.Sym) {
	value := e.Set.NameOf(y).Name + release.FuncValue
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		for z := range e.Set.AllDefinitions(o) {
			kind := e.Set.Kind(z)
			if z != y && (kind.IsText() || kind.IsRodata() || kind.IsVar()) && e.Set.NameOf(z).Name != value && e.names(z, y, value) {
				out = append(out, z)
			}
		}
	}
	return out
}

// names reports whether z refers to function y or its func value, or has it inlined.
func (e *Edit) names(z, y goobj.Sym, value string) bool {
	for _, r := range e.Set.Relocs(z) {
		if r.Sym != 0 && r.Size > 0 && r.Type != goobj.RMethodOff && (r.Sym == y || e.Set.NameOf(r.Sym).Name == value) {
			return true
		}
	}
	fi, ok := e.Set.FuncInfo(z)
	return ok && slices.ContainsFunc(fi.Inline, func(n goobj.InlineNode) bool { return n.Func == y })
}

// Named reports whether something of the edited packages refers to a function, other than the method tables of types.
func (e *Edit) Named(y goobj.Sym) bool { return len(e.namers(y)) > 0 }

// InProgram reports whether the program has a function that is compiled from a declaration of a changed package, be it
// inlined.
func (e *Edit) InProgram(path, decl string) bool {
	if e.inProgram == nil {
		e.inProgram = map[[2]string]bool{}
		add := func(symbol string) {
			if path, _, decl, ok := e.owner(symbol); ok {
				e.inProgram[[2]string{path, decl}] = true
			}
		}
		for i := range e.Record.Symbols {
			if s := &e.Record.Symbols[i]; s.Kind.IsText() {
				add(s.Name)
			}
		}
		for symbol := range e.Record.Inlined {
			add(symbol)
		}
	}
	return e.inProgram[[2]string{path, decl}]
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
	if !startsProgram(name, path == e.importPath("main")) && !e.calledOnce(s) {
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
