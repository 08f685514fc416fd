package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// CalledOnce reports a function of the release, or a literal in one, that is called once in the life of the program: all
// calls of it are in main or in initialisers, or in functions that are called once, none of them is repeated, and the edit
// adds none.
func (e *Edit) CalledOnce(f *Function) bool { return e.entered(f, once) }

// entries says how often a function may be entered.
type entries int

const (
	once    entries = iota
	atStart         // or some times more, by loops that start goroutines and have an end
)

// onceKey is a question that was answered.
type onceKey struct {
	s *release.Symbol
	n entries
}

func (e *Edit) entered(f *Function, n entries) bool {
	return f.Old != nil && !e.RunsOnce(f) && e.calledOnce(f.Old, n)
}

// StartedBy says how a declaration is entered that was inlined into the function of a go or defer statement: whether that
// is once, and with which loop if it is at the start alone.
func (e *Edit) StartedBy(wrapper *Function, declaration string) (one bool, loop Loop) {
	path, decl, _ := strings.Cut(declaration, "\x00")
	for _, name := range e.escapes.inlined[wrapper.Old.Name] {
		if p, _, d, ok := e.owner(name); !ok || p != path || d != decl {
			continue
		}
		s := &release.Symbol{Name: name}
		switch f := e.declarationOf(path, decl); {
		case f == nil || f.Body == nil || !e.callsOnce(wrapper.Old, s, atStart):
		case e.waits(path, f.Body):
			if loop = Leaves; len(wrapper.Old.Endless) > 0 && loopsForGood(f.Body) {
				loop = Endless
			}
		}
		return e.callsOnce(wrapper.Old, s, once), loop
	}
	return false, NoLoop
}

// Initialises reports a function that the initialisers of package variables of a changed package mention.
func (e *Edit) Initialises(declaration string) bool {
	path, decl, _ := strings.Cut(declaration, "\x00")
	for in, p := range e.Sources {
		if p.Old == nil || in != path && !ast.IsExported(decl) || strings.Contains(decl, ".") {
			continue
		}
		for _, vars := range []map[string]*Var{p.Old.Vars, p.New.Vars} {
			for _, v := range vars {
				if v.Value != nil && namesIn(v.Value, decl) {
					return true
				}
			}
		}
	}
	return false
}

// EditedInitial are the edited functions that the initialiser of a package variable names, as in Inlines, if its own text is as
// before.
func (e *Edit) EditedInitial(v *Variable) (keys []string) {
	p := e.Sources[v.Package]
	if p.Old == nil || p.Old.Vars[v.Name] == nil || p.New.Vars[v.Name] == nil || p.New.Vars[v.Name].Value == nil || p.Old.Vars[v.Name].Text != p.New.Vars[v.Name].Text {
		return nil
	}
	for decl := range p.New.Funcs {
		if k := v.Package + "\x00" + decl; !strings.Contains(decl, ".") && e.edited(k) && namesIn(p.New.Vars[v.Name].Value, decl) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// StandsIn is the declaration that the literal of a closure stands in, as in Inlines. It is empty for other functions, and for
// literals in the initialisers of variables.
func (e *Edit) StandsIn(f *Function) string {
	at, ok := e.closures.literal[f.Sym]
	if !ok || at.group == varInit {
		return ""
	}
	l, _, _ := e.source(at.literalOf, true)
	return at.path + "\x00" + l.Decl
}

// CalledAnew reports whether a function mentions a declaration which it did not mention, or is new and does.
func (e *Edit) CalledAnew(declaration string) bool {
	path, decl, _ := strings.Cut(declaration, "\x00")
	_, name, _ := cutLast(decl)
	for in, p := range e.Sources {
		if in != path && !ast.IsExported(name) {
			continue
		}
		for d, f := range p.New.Funcs {
			if f.Decl.Body == nil || !namesIn(f.Decl.Body, name) {
				continue
			}
			if p.Old == nil || p.Old.Funcs[d] == nil || p.Old.Funcs[d].Decl.Body == nil || !namesIn(p.Old.Funcs[d].Decl.Body, name) {
				return true
			}
		}
	}
	return false
}

// InlinedBefore are the declarations of changed packages that a function of the release inlined, as in Inlines.
func (e *Edit) InlinedBefore(f *Function) (out []string) {
	if f.Old == nil {
		return nil
	}
	for _, name := range e.escapes.inlined[f.Old.Name] {
		if path, _, decl, ok := e.owner(name); ok {
			out = append(out, path+"\x00"+decl)
		}
	}
	return out
}

func (e *Edit) calledOnce(s *release.Symbol, n entries) bool {
	if rangeTail.MatchString(s.Name) {
		return false // each turn calls it
	}
	key := onceKey{s, n}
	if known, ok := e.once[key]; ok {
		return known
	}
	if e.once == nil {
		e.once = map[onceKey]bool{}
	}
	if e.onceLiteral(s) {
		e.once[key] = true
		return true
	}
	e.once[key] = false // calls in a circle are repeated
	all := e.entrances(s)
	callers := slices.DeleteFunc(slices.Clone(all), func(c *release.Symbol) bool { return e.ownPart(c, s) })
	only := len(callers) > 0 && !slices.ContainsFunc(callers, func(c *release.Symbol) bool { return !e.callsOnce(c, s, n) })
	if _, literal := e.closures.oldLiteral[s]; !literal {
		only = only && (!s.Indirect || e.onlyCalled(s)) && !e.newlyNamed(s, all)
	}
	e.once[key] = only
	return only
}

// callsOnce reports whether a function runs once and calls another one once each time that it runs.
func (e *Edit) callsOnce(caller, callee *release.Symbol, n entries) bool {
	name := caller.Name
	if around, ok := statement(name); ok && strings.HasPrefix(name[len(around):], ".gowrap") {
		name = around // the go statement is a part of it
	}
	s, ok := e.Record.Lookup(name, caller.ABI)
	if !ok {
		return false
	}
	path := e.importPath(s.Package)
	_, last, _ := cutLast(withoutTypeArgs(callee.Name))
	if e.handsToOnce(s, path, last) {
		return true
	}
	if !startsProgram(name, path == e.importPath("main")) && !e.calledOnce(s, n) {
		return false
	}
	if l, ok := e.closures.oldLiteral[callee]; ok {
		return strings.HasPrefix(callee.Name, name+".") && e.startedOnce(callee, l, n)
	}
	body := e.bodyOf(s)
	if body == nil {
		body = e.initialisersOf(s, path)
	}
	if body == nil {
		return false
	}
	in := inlinedBodies{e: e, n: n, bodies: []inlinedBody{{path: path, body: body}}}
	for _, inlined := range e.escapes.inlined[caller.Name] {
		path, _, decl, ok := e.owner(inlined)
		if !ok {
			continue
		}
		d := e.declarationOf(path, decl)
		if d == nil {
			return false
		}
		_, called, _ := cutLast(withoutTypeArgs(inlined))
		in.bodies = append(in.bodies, inlinedBody{path: path, body: d.Body, called: called})
	}
	return in.once(last, nil)
}

// inlinedBodies are the bodies that a function of the release consists of: its own, which is the first, and those that are
// inlined into it.
type inlinedBodies struct {
	e      *Edit
	n      entries
	bodies []inlinedBody
}

type inlinedBody struct {
	path   string
	body   *ast.BlockStmt
	called string // the last part of its name
}

// once reports whether something of a name is called, and once each time that the function runs. within are the inlined
// functions on the way there.
func (in *inlinedBodies) once(name string, within []string) bool {
	if slices.Contains(within, name) {
		return false
	}
	found := false
	for i, b := range in.bodies {
		if b.body == nil || !namesIn(b.body, name) {
			continue
		}
		found = true
		if in.e.repeats(b.path, b.body, in.n, func(x ast.Node) bool { return names(x, name) }) || i > 0 && !in.once(b.called, append(within, name)) {
			return false
		}
	}
	return found
}

// startedOnce reports whether a literal stands in a statement that calls it, as go func() { … }() does, or hands it to what
// calls it once, and that is not repeated each time that what is around it runs, in the release and in the edit.
func (e *Edit) startedOnce(s *release.Symbol, at hostedLiteral, n entries) bool {
	if at.host != "" || !e.standsOnce(at.literalOf, false, n) {
		return false
	}
	for y, was := range e.closures.was {
		if was == s {
			is, ok := e.closures.literal[y]
			return ok && is.host == "" && e.standsOnce(is.literalOf, true, n)
		}
	}
	return false
}

func (e *Edit) standsOnce(at literalOf, edited bool, n entries) bool {
	l, source, _ := e.source(at, edited)
	var body *ast.BlockStmt
	if l.Parent >= 0 {
		body = source.groups()[at.group][l.Parent].node.Body
	} else if f := source.Funcs[l.Decl]; f != nil {
		body = f.Decl.Body
	}
	return body != nil && !e.repeats(at.path, body, n, func(x ast.Node) bool {
		call, ok := x.(*ast.CallExpr)
		return ok && (ast.Unparen(call.Fun) == l.node || len(call.Args) == 1 && ast.Unparen(call.Args[0]) == l.node && e.callsItsArgument(at.path, call, edited))
	})
}

// callsItsArgument reports a call of a method that starts a goroutine with the function that it is given.
func (e *Edit) callsItsArgument(path string, call *ast.CallExpr, edited bool) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Go" {
		return false
	}
	c := e.oldDecl
	if edited {
		c = e.newDecl
	}
	t := c.bodies(path).TypeOf(method.X)
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	switch n.Obj().Pkg().Path() + "." + n.Obj().Name() {
	case "sync.WaitGroup", "golang.org/x/sync/errgroup.Group":
		return true
	}
	return false
}

// bodyOf is what a function of the release is compiled from: a declaration, or a literal of a changed package.
func (e *Edit) bodyOf(s *release.Symbol) *ast.BlockStmt {
	if l, ok := e.closures.oldLiteral[s]; ok {
		literal, _, _ := e.source(l.literalOf, false)
		return literal.node.Body
	}
	path := e.importPath(s.Package)
	decl, inner := e.declOf(path, s.Name)
	d := e.declarationOf(path, decl)
	if d == nil || inner != "" {
		return nil
	}
	return d.Body
}

// initialisersOf are the initialisers of a changed package's variables, as statements, if the function is what runs them.
func (e *Edit) initialisersOf(s *release.Symbol, path string) *ast.BlockStmt {
	if e.Sources[path].Old == nil || s.Name != goobj.PackagePrefix(e.symbolPath(path))+".init" {
		return nil
	}
	body := &ast.BlockStmt{}
	for _, v := range e.Sources[path].Old.values() {
		body.List = append(body.List, &ast.ExprStmt{X: v.(ast.Expr)})
	}
	return body
}

// CallersAtStart are main and init functions that lead to a function of the release, or have it inlined.
func (e *Edit) CallersAtStart(s *release.Symbol) []*release.Symbol {
	return slices.DeleteFunc(e.entrances(s), func(c *release.Symbol) bool {
		return !startsProgram(c.Name, strings.HasPrefix(c.Name, "main."))
	})
}

// ReturnsLiteralAtStart reports a declaration that returns a function literal, and all of whose calls are in main or in
// initialisers, or in what these call once.
func (e *Edit) ReturnsLiteralAtStart(declaration string) bool {
	path, decl, _ := strings.Cut(declaration, "\x00")
	p := e.Sources[path]
	if p.Old == nil || p.Old.Funcs[decl] == nil || p.Old.Funcs[decl].Decl.Body == nil || !returnsLiteral(p.Old.Funcs[decl].Decl.Body) {
		return false
	}
	name := goobj.PackagePrefix(e.symbolPath(path)) + "." + decl
	s, ok := e.Record.Lookup(name, goobj.ABIInternal)
	if !ok {
		s = &release.Symbol{Name: name, Package: e.symbolPath(path)} // inlined wherever it is called
	}
	return e.calledOnce(s, once)
}

// returnsLiteral reports a body with a return statement that has a function literal.
func returnsLiteral(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			ast.Inspect(n, func(m ast.Node) bool {
				_, literal := m.(*ast.FuncLit)
				found = found || literal
				return !found
			})
		}
		return !found
	})
	return found
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

// repeats reports whether a body may do something more than once each time that it runs, or is not seen to do it.
func (e *Edit) repeats(path string, body *ast.BlockStmt, n entries, does func(ast.Node) bool) bool {
	found, repeated := false, false
	var look func(x ast.Node, inLoop bool)
	look = func(x ast.Node, inLoop bool) {
		ast.Inspect(x, func(m ast.Node) bool {
			if m == nil {
				return true
			}
			if does(m) {
				found, repeated = true, repeated || inLoop
			}
			switch m := m.(type) {
			case *ast.ForStmt, *ast.RangeStmt:
				if m != x {
					look(m, inLoop || n == once || !e.startsSome(path, m))
					return false
				}
			case *ast.FuncLit:
				look(m.Body, true)
				return false
			case *ast.BranchStmt:
				repeated = repeated || m.Tok == token.GOTO
			}
			return true
		})
	}
	look(body, false)
	return repeated || !found
}

// names reports an identifier.
func names(n ast.Node, name string) bool {
	id, ok := n.(*ast.Ident)
	return ok && id.Name == name
}

// namesIn reports whether a piece of source names a function, by the last part of its name, or something else.
func namesIn(body ast.Node, name string) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		found = found || names(n, name)
		return !found
	})
	return found
}
