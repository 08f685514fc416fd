package edit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// The compiler describes a captured variable only if it has a place of its own at some time. One that is
// read in the middle of an instruction, and nowhere else, is not described, although it takes up room in the
// closure; and of one with an address of its own it is not told whether the closure has the variable or a pointer to
// it. So what the closure holds is computed from the source: the variables in the compiler's order, the sizes of their
// types, and how each is captured, as the compiler says with its escape analysis. What the debugging information does
// say has to agree with it.

// literalOf is the literal of a closure in one version of its package.
type literalOf struct {
	path, group string
	index       int
}

// capture is a variable of a function around a literal, which the literal uses.
type capture struct {
	v         *types.Var
	name, typ string
	how       string // gotool.ByValue or gotool.ByReference; "" if it is not known
	offset    int64
}

func (c capture) String() string { return fmt.Sprintf("%d %s %s %s", c.offset, c.name, c.how, c.typ) }

// source returns the literal, the source it is in and the types of that.
func (e *Edit) source(at literalOf, edited bool) (Literal, *Source, *types.Info) {
	s, c := e.Sources[at.path].Old, e.oldDecl
	if edited {
		s, c = e.Sources[at.path].New, e.newDecl
	}
	return s.groups()[at.group][at.index], s, c.bodies(at.path)
}

// sure reports whether the types are known of what a literal and the function around it use.
func (e *Edit) sure(at literalOf, edited bool, l Literal) bool {
	c := e.oldDecl
	if edited {
		c = e.newDecl
	}
	return c.sure(at.path, l.around)
}

// mostByValue is the size in bytes up to which the compiler captures by value what is assigned once.
const mostByValue = 128

// closureOf is a closure in one version: where its literal stands, and what the compiler made of it.
type closureOf struct {
	hostedLiteral
	edited  bool
	pkg     string // import path of the package that it is compiled in
	symbol  string
	key     string // of its signature
	literal Literal
	source  *Source
	info    *types.Info
}

func (e *Edit) oldClosure(s *release.Symbol) (c closureOf, ok bool) {
	at, ok := e.closures.oldLiteral[s]
	if !ok {
		return c, false
	}
	c = closureOf{hostedLiteral: at, pkg: e.importPath(s.Package), symbol: s.Name, key: s.Type}
	c.literal, c.source, c.info = e.source(at.literalOf, false)
	return c, true
}

func (e *Edit) newClosure(y goobj.Sym, key string) (c closureOf, ok bool) {
	at, ok := e.closures.literal[y]
	if !ok {
		return c, false
	}
	c = closureOf{hostedLiteral: at, edited: true, pkg: e.importPath(e.Set.Object(y).Pkg), symbol: e.Set.NameOf(y).Name, key: key}
	c.literal, c.source, c.info = e.source(at.literalOf, true)
	return c, true
}

// captures lists what a closure captures, in its order if that is known and otherwise by position of the declarations.
func (e *Edit) captures(c closureOf) (list []capture, ordered bool) {
	o, ordered := orderOf(c.literal, c.info)
	vars := o.vars
	if !ordered {
		vars = capturedVars(o)
	}
	ordered = ordered && e.sure(c.literalOf, c.edited, c.literal)
	touched := touched(c.literal.around, c.info)
	offset := int64(8) // behind the address of the code
	for _, v := range vars {
		x := capture{v: v, name: v.Name(), typ: shape(v.Type()), how: e.howCaptured(c, v, touched[v], o.assigned[v])}
		if o.loop != nil && o.loop.adds(v) {
			x.how = gotool.ByReference
			if v == o.loop.defers {
				x.how = gotool.ByValue
			}
		}
		size, align := int64(8), int64(8)
		if x.how == gotool.ByValue {
			size, align = sizeOf(v.Type()), alignOf(v.Type())
		}
		if x.how == "" || size < 0 || align <= 0 {
			ordered = false
		} else {
			offset = (offset + align - 1) / align * align
			x.offset = offset
			offset += size
		}
		list = append(list, x)
	}
	return list, ordered && agree(list, c.key)
}

// capturedVars are the captured variables by position of the declaration.
func capturedVars(o *captureOrder) (vars []*types.Var) {
	seen := map[*types.Var]bool{}
	ast.Inspect(o.lit, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v := o.captured(id); v != nil && !seen[v] {
				seen[v] = true
				vars = append(vars, v)
			}
		}
		return true
	})
	slices.SortFunc(vars, func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) })
	return vars
}

// alignOf is 0 for types whose alignment depends on type parameters.
func alignOf(t types.Type) (n int64) {
	defer func() {
		if recover() != nil { // go/types panics on type parameters
			n = 0
		}
	}()
	return sizes.Alignof(t)
}

// howCaptured tells whether a closure has a variable or a pointer to it. touched and assigned are as in their functions.
func (e *Edit) howCaptured(c closureOf, v *types.Var, touched, assigned bool) string {
	if e.escapes != nil {
		at := c.source.spotAt(v.Pos())
		closure, name := e.printedNames(c, v)
		if how := e.escapes.captured[c.edited].how(c.pkg, closure, name, at, c.host == ""); how != "" {
			return how
		}
	}
	switch size := sizeOf(v.Type()); {
	case size > mostByValue, size >= 0 && assigned:
		return gotool.ByReference
	case size >= 0 && !touched:
		return gotool.ByValue
	}
	return ""
}

// printedNames are a closure and a variable that it captures as the compiler prints them: what is declared in another
// package, an instance of a generic function, with the name of that.
func (e *Edit) printedNames(c closureOf, v *types.Var) (closure, variable string) {
	in := e.declaredIn(c.pkg, c.symbol)
	closure, variable = strings.TrimPrefix(goobj.WithoutCopy(c.symbol), goobj.PackagePrefix(e.symbolPath(in))+"."), v.Name()
	if in != c.pkg {
		name := c.source.name()
		closure, variable = name+"."+closure, name+"."+variable
	}
	return closure, variable
}

// capturedLines is what the compiler says of captured variables, by import path and name of the variable.
type capturedLines map[[2]string][]gotool.Escape

func newCapturedLines(lines []gotool.Escape) capturedLines {
	out := capturedLines{}
	for _, x := range lines {
		if x.Kind == gotool.Captured {
			k := [2]string{x.Package, x.Text}
			out[k] = append(out[k], x)
		}
	}
	return out
}

// how is how a variable of a function around closure is captured: "" if that is not said, or said of several variables
// which may be the one, in different ways. Where the closure was inlined together with the function around it, the
// compiler names the place of the call in the place of the declaration.
func (l capturedLines) how(pkg, closure, name string, at spot, placed bool) string {
	var any, here []string
	for _, x := range l[[2]string{pkg, name}] {
		rest, ok := strings.CutPrefix(closure, x.Func)
		if !ok || rest == "" || rest[0] != '.' && rest[0] != '-' {
			continue
		}
		any = append(any, x.To)
		if filepath.Base(x.File) == at.file && x.Line == at.line && (x.Column == 0 || x.Column == at.column) {
			here = append(here, x.To)
		}
	}
	if placed && len(here) > 0 {
		any = here
	}
	slices.Sort(any)
	if any = slices.Compact(any); len(any) == 1 {
		return any[0]
	}
	return ""
}

// touched are the variables that may have another value after their declaration, or whose address may be taken, anywhere
// in n: as a whole or in part. Those of loops and results are among them.
func touched(n ast.Node, info *types.Info) map[*types.Var]bool {
	out := map[*types.Var]bool{}
	mark := func(list ...ast.Expr) {
		for _, x := range list {
			if v := rootVar(x, info); v != nil {
				out[v] = true
			}
		}
	}
	define := func(list ...ast.Expr) {
		for _, x := range list {
			if id, ok := x.(*ast.Ident); ok {
				if v, ok := info.Defs[id].(*types.Var); ok {
					out[v] = true
				}
			}
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			mark(n.Lhs...)
		case *ast.IncDecStmt:
			mark(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				mark(n.X)
			}
		case *ast.RangeStmt:
			mark(n.Key, n.Value)
			define(n.Key, n.Value)
		case *ast.ForStmt:
			if a, ok := n.Init.(*ast.AssignStmt); ok {
				define(a.Lhs...)
			}
		case *ast.SliceExpr:
			mark(n.X)
		case *ast.SelectorExpr:
			if s := info.Selections[n]; s != nil && s.Kind() == types.MethodVal {
				if f, ok := s.Obj().(*types.Func); ok && f.Signature().Recv() != nil && pointerReceiver(f) {
					mark(n.X)
				}
			}
		case *ast.FuncType:
			if n.Results != nil {
				for _, f := range n.Results.List {
					for _, id := range f.Names {
						define(id)
					}
				}
			}
		}
		return true
	})
	return out
}

// rootVar is the variable that x is or may be a part of.
func rootVar(x ast.Expr, info *types.Info) *types.Var {
	for {
		switch y := x.(type) {
		case *ast.ParenExpr:
			x = y.X
		case *ast.SelectorExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.Ident:
			v, _ := info.Uses[y].(*types.Var)
			return v
		default:
			return nil
		}
	}
}

// described finds captured variables in a signature's key. One that has an address of its own has an ampersand before
// its name.
var described = regexp.MustCompile(` \[(\d+) (&?)([^ \]]+) `)

// withoutCaptures is the part of a signature's key that is not about captured variables.
func withoutCaptures(key string) string {
	if at := described.FindStringIndex(key); at != nil {
		return key[:at[0]]
	}
	return key
}

// agree reports whether the captured variables have the places that the debugging information gives to those which it
// mentions.
func agree(list []capture, key string) bool {
	for _, m := range described.FindAllStringSubmatch(key, -1) {
		i := slices.IndexFunc(list, func(c capture) bool { return c.name == m[3] && fmt.Sprint(c.offset) == m[1] })
		if i < 0 || m[2] == "" && list[i].how != gotool.ByValue {
			return false
		}
	}
	return true
}

// undescribed reports captures that the debugging information, of which key is the text, leaves out.
func undescribed(all []capture, key string) bool {
	told := map[string]int{}
	for _, m := range described.FindAllStringSubmatch(key, -1) {
		told[m[3]]++
	}
	for _, c := range all {
		if told[c.name]--; told[c.name] < 0 {
			return true
		}
	}
	return false
}

// capturesKey is equal for versions of a closure that capture the same in the same places; ok is false when that can't be
// told.
func (e *Edit) capturesKey(c closureOf) (key string, ok bool) {
	list, ordered := e.captures(c)
	exits := ""
	if c.literal.loop != nil {
		if exits = " exits " + c.literal.exits(true); !ordered {
			return "", false // what the compiler adds is in no list but an ordered one
		}
	}
	if ordered {
		return withoutCaptures(c.key) + fmt.Sprint(list) + exits, true
	}
	// The places are told by the debugging information, or they are the same as long as the functions are.
	for i := range list {
		if list[i].how == "" {
			return "", false
		}
		list[i].offset = 0
	}
	key = c.key + fmt.Sprint(list)
	if undescribed(list, c.key) {
		if !e.sure(c.literalOf, c.edited, c.literal) {
			return "", false
		}
		key += " of " + e.declarationText(c.path, c.literal.Decl, c.source) + e.hostText(c.host, c.edited)
	}
	return key, true
}

// declarationText stands for the source of a declaration in one version.
func (e *Edit) declarationText(path, decl string, s *Source) string {
	if decl == varInit {
		return hashText(strings.Join(s.initialisers, "\n"))
	}
	if f := s.Funcs[decl]; f != nil {
		return f.Text
	}
	return "none"
}

// hostText is declarationText of the function that a closure's literal was inlined into; host is an import
// path and a symbol name, or empty.
func (e *Edit) hostText(host string, edited bool) string {
	path, name, ok := strings.Cut(host, "\x00")
	if !ok {
		return ""
	}
	s := e.Sources[path].Old
	if edited {
		s = e.Sources[path].New
	}
	decl, _ := e.declOf(path, name)
	return e.declarationText(path, decl, s)
}

// sameCaptures reports that a closure of the release and one of the edit find their captured variables in the same
// places; signature is that of the edit's.
func (e *Edit) sameCaptures(old *release.Symbol, y goobj.Sym, signature string) bool {
	was, ok1 := e.oldClosure(old)
	is, ok2 := e.newClosure(y, signature)
	if !ok1 || !ok2 {
		return false
	}
	a, ok1 := e.capturesKey(was)
	b, ok2 := e.capturesKey(is)
	return ok1 && ok2 && (a == b || e.renamedCaptures(was, is))
}

// VariableOf is the package variable of the edit whose initialiser makes a closure, nil for other closures.
func (e *Edit) VariableOf(f *Function) *Var {
	at, ok := e.closures.literal[f.Sym]
	if !ok || at.group != varInit {
		return nil
	}
	s := e.Sources[at.path].New
	l := s.groups()[at.group][at.index]
	for _, v := range s.Vars {
		if v.Spec == l.around {
			return v
		}
	}
	return nil
}
