package edit

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A variable that only its initialiser writes holds nothing that a program has brought it to: where another one of its type
// comes in its place, no state is left behind. What the variable leads to must not change either, so beside values without
// pointers these are types of the standard library that keep nothing for whoever uses them, and tables that are only read.

// findInitial notes of variables that are gone, in packages that nobody edits in place, whether only their initialisers
// wrote them, and of new ones there whether init functions fill them.
func (e *Edit) findInitial() {
	for i := range e.Vars {
		v := &e.Vars[i]
		old, ok := e.Record.PackageByPath(v.Package)
		if !ok || old.Editable {
			continue
		}
		switch v.Kind {
		case VarRemoved:
			v.Initial = e.onlyInitialised(v.Package, v.Name)
		case VarAdded:
			u := uses{c: e.newDecl, path: v.Package, name: v.Name}
			u.in(v.Package, e.Sources[v.Package].New)
			v.Filled = u.filled
		}
	}
}

// onlyInitialised reports a variable of the release that nothing but its initialiser writes.
func (e *Edit) onlyInitialised(path, name string) bool {
	src := e.Sources[path].Old
	if len(src.Other) > 0 {
		return false // assembly and C may write it
	}
	symbol := path + "." + name
	for _, p := range e.Rebuilt {
		for local, linked := range e.Sources[p].Old.linknames() {
			if p == path && local == name || linked == symbol {
				return false
			}
		}
	}
	u := uses{c: e.oldDecl, path: path, name: name}
	u.in(path, src)
	if token.IsExported(name) {
		for _, p := range e.Gone() {
			if old, ok := e.Record.PackageByPath(p); !ok || slices.Contains(old.Imports, path) {
				return false
			}
		}
		for _, p := range e.Rebuilt {
			if old, ok := e.Record.PackageByPath(p); ok && slices.Contains(old.Imports, path) {
				u.in(p, e.Sources[p].Old)
			}
		}
	}
	return !u.written && !u.filled && keepsNothing(u.c.bodies(path), src.Vars[name])
}

// uses are those of a package variable in one version.
type uses struct {
	c          *checker
	path, name string
	// written says that something but initialisers may change the variable or what it leads to; filled that an init function
	// does.
	written, filled bool
}

// in looks at the uses in a package.
func (u *uses) in(pkg string, src *Source) {
	info := u.c.bodies(pkg)
	if u.c.faulty[pkg] {
		u.written, u.filled = true, true // nobody knows
		return
	}
	u.look(info, src.Files)
}

// look looks at the uses in files.
func (u *uses) look(info *types.Info, files []*ast.File) {
	for _, f := range files {
		for _, d := range f.Decls {
			fn, _ := d.(*ast.FuncDecl)
			var stack []ast.Node
			ast.Inspect(d, func(n ast.Node) bool {
				if n == nil {
					stack = stack[:len(stack)-1]
					return true
				}
				if id, ok := n.(*ast.Ident); ok && u.is(info.Uses[id]) && !reads(info, append(stack, n)) {
					if fn != nil && fn.Recv == nil && fn.Name.Name == "init" {
						u.filled = true
					} else {
						u.written = true
					}
				}
				stack = append(stack, n)
				return true
			})
		}
	}
}

// is reports whether an object is the variable.
func (u *uses) is(o types.Object) bool {
	v, ok := o.(*types.Var)
	return ok && v.Name() == u.name && v.Pkg() != nil && v.Pkg().Path() == u.path && v.Parent() == v.Pkg().Scope()
}

// keepsNothing reports that the variable's value, which its initialiser makes, keeps no state.
func keepsNothing(info *types.Info, v *Var) bool {
	o, _ := info.Defs[v.Name].(*types.Var)
	if o == nil {
		return false
	}
	switch t := o.Type(); {
	case plain(t), stateless(t), isTable(t):
		return true
	case types.Identical(t, types.Universe.Lookup("error").Type()):
		call, ok := v.Value.(*ast.CallExpr)
		if !ok || len(v.Spec.Values) != len(v.Spec.Names) || !callsFunc(info, call, "errors", "New") && !callsFunc(info, call, "fmt", "Errorf") {
			return false
		}
		return !slices.ContainsFunc(call.Args, func(x ast.Expr) bool { return info.Types[x].Value == nil })
	}
	return false
}

// callsFunc reports a call of a function of a package.
func callsFunc(info *types.Info, call *ast.CallExpr, pkg, name string) bool {
	s, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := info.Uses[s.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == pkg && f.Name() == name && f.Signature().Recv() == nil
}

// plain reports a type whose values lead to nothing that could change.
func plain(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Kind() != types.UnsafePointer
	case *types.Array:
		return plain(t.Elem())
	case *types.Struct:
		for i := range t.NumFields() {
			if !plain(t.Field(i).Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// isTable reports maps and slices of plain values, and of such maps and slices.
func isTable(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Map:
		return plain(t.Key()) && (plain(t.Elem()) || isTable(t.Elem()))
	case *types.Slice:
		return plain(t.Elem()) || isTable(t.Elem())
	}
	return false
}

// statelessTypes are types of the standard library whose values keep nothing of what they were used for, or only what can
// be made again at any time, as a pool does; but for those of their methods that are named.
var statelessTypes = map[string][]string{
	"regexp.Regexp": {"Longest", "UnmarshalText"}, "strings.Replacer": nil, "sync.Pool": nil, "time.Location": nil,
	"encoding/base64.Encoding": nil, "encoding/base32.Encoding": nil,
}

// stateless reports such a type, or a pointer to one.
func stateless(t types.Type) bool {
	_, ok := statelessTypes[pointedName(t)]
	return ok
}

// pointedName is the name of a type, or of the one that it points to, with its import path.
func pointedName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return ""
	}
	return n.Obj().Pkg().Path() + "." + n.Obj().Name()
}

// reads reports that a use of a variable, the last of stack, changes neither it nor what it leads to.
func reads(info *types.Info, stack []ast.Node) bool {
	x, _ := stack[len(stack)-1].(ast.Expr)
	i := len(stack) - 2
	if s, ok := parentOf(stack, i).(*ast.SelectorExpr); ok && s.Sel == x { // of another package
		x, i = s, i-1
	}
	for ; i >= 0; i-- {
		t := info.TypeOf(x)
		switch n := stack[i].(type) {
		case *ast.ParenExpr:
			x = n
		case *ast.SelectorExpr:
			selected := info.Selections[n]
			switch {
			case selected == nil:
				return false
			case selected.Kind() == types.FieldVal && !stateless(t) && !isPointer(t):
				x = n
			default:
				// A method with a value receiver has a copy.
				f, _ := selected.Obj().(*types.Func)
				return f != nil && (stateless(t) && !slices.Contains(statelessTypes[pointedName(t)], f.Name()) ||
					types.IsInterface(t) || plain(t) && !isPointer(f.Signature().Recv().Type()))
			}
		case *ast.IndexExpr:
			if n.X != x {
				return plain(t)
			}
			x = n
		case *ast.RangeStmt:
			return n.X == x && (plain(t) || isTable(t) && plain(elem(t)))
		case *ast.AssignStmt:
			if slices.Contains(n.Lhs, x) {
				return false
			}
			return copies(t)
		case *ast.SliceExpr:
			b, ok := t.Underlying().(*types.Basic)
			return ok && b.Info()&types.IsString != 0
		case *ast.IncDecStmt, *ast.StarExpr:
			return false
		case *ast.UnaryExpr:
			return n.Op != token.AND && n.Op != token.ARROW
		case *ast.BinaryExpr:
			return true
		case *ast.CallExpr:
			if isBuiltin(info, n, "len", "cap") {
				return true
			}
			return n.Fun != x && copies(t)
		default:
			return copies(t)
		}
	}
	return false
}

// copies reports a type of which whoever has a copy can't change anything by it. Of interfaces there are only values of
// error here, whose contents stay as they were made.
func copies(t types.Type) bool { return t != nil && (plain(t) || types.IsInterface(t)) }

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func elem(t types.Type) types.Type {
	switch t := t.Underlying().(type) {
	case *types.Map:
		return t.Elem()
	case *types.Slice:
		return t.Elem()
	}
	return t
}

func isBuiltin(info *types.Info, call *ast.CallExpr, names ...string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	return ok && info.Types[call.Fun].IsBuiltin() && slices.Contains(names, id.Name)
}

func parentOf(stack []ast.Node, i int) ast.Node {
	if i < 0 {
		return nil
	}
	return stack[i]
}
