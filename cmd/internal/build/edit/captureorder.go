package edit

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// The compiler gives captured variables their places in a closure in the order in which it meets them when it writes
// the literal down for its back end: that of the source, without what is constant and what it knows to be dead. This
// follows what noder/writer.go does in all releases that are supported.

// captureOrder finds the captured variables of a literal in the compiler's order.
type captureOrder struct {
	info *types.Info
	lit  *ast.FuncLit
	vars []*types.Var
	seen map[*types.Var]bool
	// assigned are those that the literal itself assigns, in code that is compiled.
	assigned map[*types.Var]bool
	dropped  map[ast.Expr]bool
	unsure   bool
	loop     *loopBody // nil in a literal
}

// orderOfCaptures is false for a literal of which the order is not known.
func orderOfCaptures(lit *ast.FuncLit, info *types.Info) (*captureOrder, bool) {
	o := &captureOrder{info: info, lit: lit, seen: map[*types.Var]bool{}, assigned: map[*types.Var]bool{}, dropped: map[ast.Expr]bool{}}
	o.stmts(lit.Body.List)
	return o, !o.unsure
}

// captured is the variable that x names, nil if it is not one of a function around the literal.
func (o *captureOrder) captured(x ast.Expr) *types.Var {
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := o.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || o.lit.Pos() <= v.Pos() && v.Pos() < o.lit.End() {
		return nil
	}
	return v
}

func (o *captureOrder) stmts(list []ast.Stmt) {
	lastLabel, dead := -1, false
	for i, s := range list {
		if _, ok := s.(*ast.LabeledStmt); ok {
			lastLabel = i
		}
	}
	for i, s := range list {
		if _, ok := s.(*ast.LabeledStmt); ok || !dead || i <= lastLabel {
			o.stmt(s)
			dead = o.terminates(s)
		}
	}
}

func (o *captureOrder) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case nil, *ast.EmptyStmt:
	case *ast.BranchStmt:
		if o.loop != nil {
			o.leaves(s)
		}
	case *ast.AssignStmt:
		o.destinations(s.Lhs...)
		o.exprs(s.Rhs...)
	case *ast.IncDecStmt:
		o.destinations(s.X)
	case *ast.BlockStmt:
		if s != nil {
			o.stmts(s.List)
		}
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			for _, spec := range d.Specs {
				o.exprs(spec.(*ast.ValueSpec).Values...)
			}
		}
	case *ast.ExprStmt:
		o.expr(s.X)
	case *ast.GoStmt:
		o.expr(s.Call)
	case *ast.DeferStmt:
		o.expr(s.Call)
		if o.loop != nil && !o.seen[o.loop.defers] {
			o.seen[o.loop.defers] = true
			o.vars = append(o.vars, o.loop.defers)
		}
	case *ast.SendStmt:
		o.exprs(s.Chan, s.Value)
	case *ast.ReturnStmt:
		if o.loop != nil {
			o.returns(s)
			return
		}
		o.exprs(s.Results...)
	case *ast.LabeledStmt:
		o.stmt(s.Stmt)
	case *ast.IfStmt:
		cond := o.staticBool(s.Cond)
		o.stmt(s.Init)
		o.expr(s.Cond)
		if cond >= 0 {
			o.stmt(s.Body)
		}
		if cond <= 0 {
			o.stmt(s.Else)
		}
	case *ast.ForStmt:
		never := s.Cond != nil && o.staticBool(s.Cond) < 0
		o.stmt(s.Init)
		o.expr(s.Cond)
		if !never {
			o.stmt(s.Post)
			o.stmt(s.Body)
		}
	case *ast.RangeStmt:
		o.rangeStmt(s)
	case *ast.SwitchStmt:
		o.switchStmt(s)
	case *ast.TypeSwitchStmt:
		o.stmt(s.Init)
		switch guard := s.Assign.(type) {
		case *ast.AssignStmt:
			o.exprs(guard.Rhs...)
		case *ast.ExprStmt:
			o.expr(guard.X)
		}
		for _, c := range s.Body.List {
			o.stmts(c.(*ast.CaseClause).Body)
		}
	case *ast.SelectStmt:
		for _, c := range s.Body.List {
			o.stmt(c.(*ast.CommClause).Comm)
			o.stmts(c.(*ast.CommClause).Body)
		}
	default:
		o.unsure = true
	}
}

func (o *captureOrder) rangeStmt(s *ast.RangeStmt) {
	t := o.info.TypeOf(s.X)
	if t == nil {
		o.unsure = true
		return
	}
	var to []ast.Expr
	for _, x := range []ast.Expr{s.Key, s.Value} {
		if x != nil {
			to = append(to, x)
		}
	}
	// The body of a loop over a function is compiled as a literal, which the compiler writes in another order.
	_, over := t.Underlying().(*types.Signature)
	_, generic := types.Unalias(t).(*types.TypeParam)
	o.unsure = o.unsure || over || generic
	o.destinations(to...)
	o.expr(s.X)
	o.stmt(s.Body)
}

func (o *captureOrder) switchStmt(s *ast.SwitchStmt) {
	// The compiler leaves out clauses of which it knows that they are not taken.
	if s.Tag != nil && o.info.Types[s.Tag].Value != nil {
		o.unsure = true
	}
	o.stmt(s.Init)
	o.expr(s.Tag)
	for _, c := range s.Body.List {
		for _, x := range c.(*ast.CaseClause).List {
			if s.Tag == nil && o.info.Types[x].Value != nil {
				o.unsure = true
			}
			o.expr(x)
		}
		o.stmts(c.(*ast.CaseClause).Body)
	}
}

// destinations are what is assigned to.
func (o *captureOrder) destinations(list ...ast.Expr) {
	for _, x := range list {
		if id, ok := ast.Unparen(x).(*ast.Ident); ok && (id.Name == "_" || o.info.Defs[id] != nil) {
			continue
		}
		if v := o.captured(x); v != nil {
			o.assigned[v] = true
		}
		o.expr(x)
	}
}

func (o *captureOrder) exprs(list ...ast.Expr) {
	for _, x := range list {
		o.expr(x)
	}
}

func (o *captureOrder) expr(x ast.Expr) {
	if x == nil || o.dropped[x] {
		return
	}
	x = ast.Unparen(x)
	if t, ok := o.info.Types[x]; ok && (t.Value != nil || t.IsType()) {
		return
	}
	switch x := x.(type) {
	case *ast.Ident:
		if v := o.captured(x); v != nil && !o.seen[v] {
			o.seen[v] = true
			o.vars = append(o.vars, v)
		}
	case *ast.BasicLit:
	case *ast.FuncLit:
		loop := o.loop
		o.loop = nil
		o.stmts(x.Body.List)
		o.loop = loop
	case *ast.CompositeLit:
		o.compositeLit(x)
	case *ast.SelectorExpr:
		if o.info.Selections[x] != nil { // it names no other package's object
			o.expr(x.X)
		}
	case *ast.IndexExpr:
		o.expr(x.X)
		o.expr(x.Index)
	case *ast.IndexListExpr:
		o.expr(x.X)
	case *ast.SliceExpr:
		o.exprs(x.X, x.Low, x.High, x.Max)
	case *ast.TypeAssertExpr:
		o.expr(x.X)
	case *ast.StarExpr:
		o.expr(x.X)
	case *ast.UnaryExpr:
		o.expr(x.X)
	case *ast.BinaryExpr:
		o.exprs(x.X, x.Y)
	case *ast.CallExpr:
		if o.neverRuns(x) {
			return
		}
		o.expr(x.Fun)
		o.exprs(x.Args...)
	default:
		o.unsure = true
	}
}

// neverRuns reports the calls of built-in functions whose arguments have a type only.
func (o *captureOrder) neverRuns(call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	if s, ok := fun.(*ast.SelectorExpr); ok {
		fun = s.Sel
	}
	id, ok := fun.(*ast.Ident)
	if !ok {
		return false
	}
	if _, ok := o.info.Uses[id].(*types.Builtin); !ok {
		return false
	}
	return id.Name == "Sizeof" || id.Name == "Alignof" || id.Name == "Offsetof"
}

func (o *captureOrder) compositeLit(x *ast.CompositeLit) {
	t := o.info.TypeOf(x)
	if t == nil {
		o.unsure = true
		return
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		o.unsure = true
	}
	_, isStruct := t.Underlying().(*types.Struct)
	for _, e := range x.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if !isStruct {
				o.expr(kv.Key)
			}
			e = kv.Value
		}
		o.expr(e)
	}
}

// terminates is what the compiler takes for the end of a list of statements.
func (o *captureOrder) terminates(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.BranchStmt:
		return s.Tok == token.GOTO || o.loop != nil && o.loop.ends[s]
	case *ast.ReturnStmt:
		return true
	case *ast.ExprStmt:
		call, ok := ast.Unparen(s.X).(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := ast.Unparen(call.Fun).(*ast.Ident)
		if !ok {
			return false
		}
		_, builtin := o.info.Uses[id].(*types.Builtin)
		return builtin && id.Name == "panic"
	case *ast.IfStmt:
		cond := o.staticBool(s.Cond)
		return (cond < 0 || o.terminates(s.Body)) && (cond > 0 || o.terminates(s.Else))
	case *ast.BlockStmt:
		if s == nil {
			return false
		}
		for i := len(s.List) - 1; i >= 0; i-- {
			if _, ok := s.List[i].(*ast.EmptyStmt); !ok {
				return o.terminates(s.List[i])
			}
		}
	}
	return false
}

// staticBool is 1 for a condition that the compiler knows to be true, -1 for one that is false. It notes operands that
// are not compiled.
func (o *captureOrder) staticBool(x ast.Expr) int {
	if v := o.info.Types[x].Value; v != nil && v.Kind() == constant.Bool {
		if constant.BoolVal(v) {
			return 1
		}
		return -1
	}
	switch x := x.(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			o.unsure = o.unsure || o.staticBool(x.X) != 0
		}
	case *ast.BinaryExpr:
		sure := map[token.Token]int{token.LAND: -1, token.LOR: 1}[x.Op]
		if sure == 0 {
			return 0
		}
		l := o.staticBool(x.X)
		if l == sure {
			o.dropped[x.Y] = true
			return l
		}
		if r := o.staticBool(x.Y); l == -sure || r == sure {
			return r
		}
	}
	return 0
}
