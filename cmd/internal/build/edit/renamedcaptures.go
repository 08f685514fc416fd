package edit

import (
	"go/ast"
	"go/types"
)

// A captured variable that only has another name is the same variable. Two of one type that got other names at once may
// have been exchanged, so of each type one is renamed at most: the old name is gone from the function, the new one
// was not in it, and all other variables are declared as before.

// renamedCaptures reports closures that differ in names of captured variables alone.
func (e *Edit) renamedCaptures(was, is closureOf) bool {
	olds, ok1 := e.captures(was)
	news, ok2 := e.captures(is)
	if !ok1 || !ok2 || len(olds) != len(news) || withoutCaptures(was.key) != withoutCaptures(is.key) {
		return false
	}
	declaredOld, declaredNew := localVars(was), localVars(is)
	if len(declaredOld) != len(declaredNew) {
		return false
	}
	became := map[*types.Var]*types.Var{}
	renamed := map[string]bool{} // types
	for i, o := range declaredOld {
		n := declaredNew[i]
		if shape(o.v.Type()) != shape(n.v.Type()) {
			return false
		}
		became[o.v] = n.v
		if o.v.Name() == n.v.Name() {
			continue
		}
		if renamed[shape(o.v.Type())] || !declaredAlike(o, n) || bearsName(was, n.v.Name()) || bearsName(is, o.v.Name()) {
			return false
		}
		renamed[shape(o.v.Type())] = true
	}
	for i, o := range olds {
		n := news[i]
		if o.offset != n.offset || o.typ != n.typ || o.how != n.how || became[o.v] != n.v {
			return false
		}
	}
	return true
}

// localVar is a variable with what declares it.
type localVar struct {
	v    *types.Var
	id   *ast.Ident
	stmt ast.Node // nil for a parameter or result
}

// localVars are the variables of the functions around a closure's literal, those of the literal left out.
func localVars(c closureOf) (out []localVar) {
	var path []ast.Node
	ast.Inspect(c.literal.around, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		if n == c.literal.at() {
			return false
		}
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := c.info.Defs[id].(*types.Var); ok && !v.IsField() && v.Name() != "_" {
				out = append(out, localVar{v, id, declaringStmt(path)})
			}
		}
		path = append(path, n)
		return true
	})
	return out
}

// declaringStmt is the innermost node of a path that gives a variable its value.
func declaringStmt(path []ast.Node) ast.Node {
	for i := len(path) - 1; i >= 0; i-- {
		switch path[i].(type) {
		case *ast.Field:
			return nil
		case *ast.AssignStmt, *ast.ValueSpec, *ast.RangeStmt, *ast.TypeSwitchStmt:
			return path[i]
		}
	}
	return nil
}

// declaredAlike reports variables that are parameters both, or whose declarations differ in the name alone.
func declaredAlike(a, b localVar) bool {
	if a.stmt == nil || b.stmt == nil {
		return a.stmt == nil && b.stmt == nil
	}
	return a.text() == b.text()
}

// text is the declaration without the variable's name and without bodies.
func (l localVar) text() string {
	name := l.id.Name
	defer func() { l.id.Name = name }()
	l.id.Name = "_"
	switch n := l.stmt.(type) {
	case *ast.AssignStmt, *ast.ValueSpec:
		return printed(n) // with the bodies of literals: they say what it is
	case *ast.RangeStmt:
		loop := *n
		loop.Body = &ast.BlockStmt{}
		return printed(&loop)
	case *ast.TypeSwitchStmt:
		return printed(n.Assign)
	}
	return ""
}

// bearsName reports whether anything but a field has a name in the declaration that a closure is in.
func bearsName(c closureOf, name string) (found bool) {
	ast.Inspect(c.literal.around, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || id.Name != name {
			return !found
		}
		o := c.info.ObjectOf(id)
		v, isVar := o.(*types.Var)
		found = found || !(isVar && v.IsField())
		return !found
	})
	return found
}
