package edit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// The body of a loop over a function is a function of its own, which the iterator calls: a loop that has no end runs
// its new body from the next turn on. It is matched as function literals are, of the same loop with the same captured
// variables. These are in a frame that may never be left, and the compiler adds some of its own: the state of the loop, and
// what the code behind it asks for to go on where a statement of the body leads.

// rangeTail is the end of the name of a loop's body.
var rangeTail = regexp.MustCompile(`^(.*)-range\d+$`)

// loops are the bodies of all loops over something inside n. Which of them are over functions only types tell, and the
// names of functions.
func (s *Source) loops(decl string, n ast.Node) []Literal {
	var out []Literal
	var around []ast.Node
	parents, literals := []int{-1}, 0
	ast.Inspect(n, func(x ast.Node) bool {
		if x == nil {
			last := around[len(around)-1]
			around = around[:len(around)-1]
			if _, ok := last.(*ast.FuncLit); ok {
				parents = parents[:len(parents)-1]
			}
			return true
		}
		switch x := x.(type) {
		case *ast.FuncLit:
			parents = append(parents, literals)
			literals++
		case *ast.RangeStmt:
			if _, ok := ast.Unparen(x.X).(*ast.CompositeLit); !ok {
				out = append(out, Literal{
					Text: s.text(x), Context: "range " + s.withoutBodies(head(x)), Decl: decl,
					Line: s.Fset.Position(x.For).Line, Depth: len(parents) - 1, Parent: parents[len(parents)-1],
					node: bodyLiteral(x), around: n, loop: x,
				})
			}
		}
		around = append(around, x)
		return true
	})
	return out
}

// head is a loop without its body.
func head(x *ast.RangeStmt) ast.Node {
	h := *x
	h.Body = &ast.BlockStmt{}
	return &h
}

// bodyLiteral is the function literal that the compiler makes of a loop's body, but for what it adds.
func bodyLiteral(x *ast.RangeStmt) *ast.FuncLit {
	params := &ast.FieldList{Opening: x.For, Closing: x.For}
	for _, v := range []ast.Expr{x.Key, x.Value} {
		if id, ok := v.(*ast.Ident); ok && x.Tok == token.DEFINE {
			params.List = append(params.List, &ast.Field{Names: []*ast.Ident{id}, Type: ast.NewIdent("_")})
		}
	}
	return &ast.FuncLit{Type: &ast.FuncType{Func: x.For, Params: params}, Body: x.Body}
}

// bodyApart is the literal of a node that is compiled apart from what it stands in: a function literal, or the loop of which
// the body is a function that is inlined nowhere.
func (s *Source) bodyApart(n ast.Node) *ast.FuncLit {
	switch n := n.(type) {
	case *ast.FuncLit:
		return n
	case *ast.RangeStmt:
		return s.apart[n]
	}
	return nil
}

// findApart finds, in one version, the loops whose bodies are functions and are inlined nowhere.
func (e *Edit) findApart(edited bool) {
	inlined := e.inlinedBodies(edited)
	add := func(at literalOf, symbol string) {
		l, s := e.literalAt(at, edited)
		if l.loop == nil {
			return
		}
		if s.apart == nil {
			s.apart, s.segments = map[*ast.RangeStmt]*ast.FuncLit{}, nil
		}
		if had, ok := s.apart[l.loop]; inlined[symbol] || ok && had == nil {
			s.apart[l.loop] = nil
		} else {
			s.apart[l.loop] = l.node
		}
	}
	if edited {
		for y, at := range e.closures.literal {
			add(at.literalOf, e.Set.NameOf(y).Name)
		}
		return
	}
	for old, at := range e.closures.oldLiteral {
		add(at.literalOf, old.Name)
	}
}

// literalAt returns a literal and the source that it is in.
func (e *Edit) literalAt(at literalOf, edited bool) (Literal, *Source) {
	s := e.Sources[at.path].Old
	if edited {
		s = e.Sources[at.path].New
	}
	return s.groups()[at.group][at.index], s
}

// inlinedBodies are the bodies of loops that are inlined somewhere.
func (e *Edit) inlinedBodies(edited bool) map[string]bool {
	out := map[string]bool{}
	if !edited {
		for name := range e.Record.Inlined {
			if rangeTail.MatchString(goobj.WithoutCopy(name)) {
				out[name] = true
			}
		}
		return out
	}
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		for y := range e.Set.Definitions(o) {
			fi, ok := e.Set.FuncInfo(y)
			if !ok {
				continue
			}
			for _, n := range fi.Inline {
				if name := e.Set.NameOf(n.Func).Name; rangeTail.MatchString(goobj.WithoutCopy(name)) {
					out[name] = true
				}
			}
		}
	}
	return out
}

// exits are the ways out of a loop's body that the code behind the loop knows: returns, and statements that lead to what is
// around it, each with the number that the compiler gives it. The code of one version can go on after the body of another one
// with the same. Without numbered, labels are told apart by their places in the function alone.
func (l *Literal) exits(numbered bool) string {
	around, numbers := labelsIn(l.function()), exitNumbers(l.function())
	inside := labelsIn(l.loop.Body)
	var out []string
	ast.Inspect(l.loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			out = append(out, "return")
		case *ast.BranchStmt:
			if n.Label != nil && !slices.Contains(inside, n.Label.Name) {
				to := fmt.Sprint(n.Tok, slices.Index(around, n.Label.Name))
				if numbered {
					to += fmt.Sprint(numbers[n.Label.Name])
				}
				out = append(out, to)
			}
		}
		return true
	})
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// exitNumbers tell for the labels of a function what the number of a way out depends on: the place among all labels, those of
// literals inside counted (of two with one name the last is taken for both), and how many loops over something are around it.
func exitNumbers(root ast.Node) map[string][2]int {
	out := map[string][2]int{}
	labels := 0
	var read func(n ast.Node, depth int, own bool)
	read = func(n ast.Node, depth int, own bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				if m != root {
					read(m.Body, depth, false)
					return false
				}
			case *ast.RangeStmt:
				for _, x := range []ast.Expr{m.Key, m.Value, m.X} {
					if x != nil {
						read(x, depth, own)
					}
				}
				read(m.Body, depth+1, own)
				return false
			case *ast.LabeledStmt:
				x := [2]int{labels, out[m.Label.Name][1]}
				if own {
					x[1] = depth
					if _, ok := m.Stmt.(*ast.RangeStmt); ok {
						x[1]++
					}
				}
				out[m.Label.Name] = x
				labels++
			}
			return true
		})
	}
	read(root, 0, true)
	return out
}

// function is the innermost function that a loop is in: a literal or a declaration.
func (l *Literal) function() ast.Node {
	root := l.around
	ast.Inspect(l.around, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncLit); ok && f.Pos() <= l.loop.Pos() && l.loop.End() <= f.End() {
			root = f
		}
		return true
	})
	return root
}

// labelsIn are the labels in a function or a part of one, in the order of the source.
func labelsIn(root ast.Node) (names []string) {
	ast.Inspect(root, func(n ast.Node) bool {
		if s, ok := n.(*ast.LabeledStmt); ok {
			names = append(names, s.Label.Name)
		}
		_, literal := n.(*ast.FuncLit)
		return !literal || n == root
	})
	return names
}

// loopBody finds what the compiler lets the body of a loop capture beside what the source says.
type loopBody struct {
	results []*types.Var             // of the function around it, named or not
	inside  []string                 // labels
	own     string                   // label of the loop
	ends    map[*ast.BranchStmt]bool // in whose place the compiler puts a return
	state   *types.Var
	next    *types.Var
	defers  *types.Var
}

// adds reports a variable that the compiler has added.
func (b *loopBody) adds(v *types.Var) bool { return v.Pkg() == nil }

// orderOf is orderOfCaptures for a literal or the body of a loop.
func orderOf(l Literal, info *types.Info) (*captureOrder, bool) {
	if l.loop != nil {
		return orderOfLoop(l, info)
	}
	return orderOfCaptures(l.node, info)
}

// orderOfLoop is like orderOfCaptures for the body of a loop.
func orderOfLoop(l Literal, info *types.Info) (*captureOrder, bool) {
	o := &captureOrder{info: info, lit: l.node, seen: map[*types.Var]bool{}, assigned: map[*types.Var]bool{}, dropped: map[ast.Expr]bool{}}
	number := types.Typ[types.Int]
	b := &loopBody{inside: labelsIn(l.loop.Body), state: added("#state", number), next: added("#next", number), defers: added("#defers", types.NewInterfaceType(nil, nil))}
	var signature *types.Signature
	switch f := l.function().(type) {
	case *ast.FuncDecl:
		if fn, ok := info.Defs[f.Name].(*types.Func); ok {
			signature = fn.Signature()
		}
		b.own = labelOf(f.Body, l.loop)
	case *ast.FuncLit:
		signature, _ = info.TypeOf(f).(*types.Signature)
		b.own = labelOf(f.Body, l.loop)
	}
	if signature == nil {
		return o, false
	}
	for v := range signature.Results().Variables() {
		if v.Name() == "" || v.Name() == "_" {
			v = added("#result", v.Type())
		}
		b.results = append(b.results, v)
	}
	b.findEnds(l.loop.Body, true, true)
	o.loop = b
	if l.loop.Tok == token.ASSIGN {
		for _, x := range []ast.Expr{l.loop.Key, l.loop.Value} {
			if x != nil {
				o.destinations(x)
			}
		}
	}
	o.adds(b.state)
	o.stmts(l.loop.Body.List)
	return o, !o.unsure
}

func added(name string, t types.Type) *types.Var { return types.NewVar(token.NoPos, nil, name, t) }

// labelOf is the label of a statement, empty if it has none.
func labelOf(root ast.Node, of ast.Stmt) (name string) {
	ast.Inspect(root, func(n ast.Node) bool {
		if s, ok := n.(*ast.LabeledStmt); ok && s.Stmt == of {
			name = s.Label.Name
		}
		return true
	})
	return name
}

// adds enters a variable that the compiler assigns to.
func (o *captureOrder) adds(v *types.Var) {
	o.assigned[v] = true
	if !o.seen[v] {
		o.seen[v] = true
		o.vars = append(o.vars, v)
	}
}

// returns enters a return statement of the body: what it returns is assigned to results, which have names then.
func (o *captureOrder) returns(s *ast.ReturnStmt) {
	if len(s.Results) > 0 {
		for _, v := range o.loop.results {
			o.adds(v)
		}
	}
	o.exprs(s.Results...)
	o.adds(o.loop.next)
}

// findEnds finds the statements of the body that lead to its end or out of it. breaks and continues say that those without a
// label do.
func (b *loopBody) findEnds(n ast.Node, breaks, continues bool) {
	if b.ends == nil {
		b.ends = map[*ast.BranchStmt]bool{}
	}
	ast.Inspect(n, func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt, *ast.RangeStmt:
			if m != n {
				b.findEnds(m, false, false)
				return false
			}
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			if m != n {
				b.findEnds(m, false, continues)
				return false
			}
		case *ast.BranchStmt:
			switch {
			case m.Label != nil:
				b.ends[m] = !slices.Contains(b.inside, m.Label.Name)
			case m.Tok == token.BREAK:
				b.ends[m] = breaks
			case m.Tok == token.CONTINUE:
				b.ends[m] = continues
			}
		}
		return true
	})
}

// leaves enters a statement that leads out of the body, if it does.
func (o *captureOrder) leaves(s *ast.BranchStmt) {
	if s.Label != nil && o.loop.ends[s] && (s.Tok == token.GOTO || s.Label.Name != o.loop.own) {
		o.adds(o.loop.next)
	}
}

func (c *closures) hasLiteral(s *release.Symbol) bool {
	_, ok := c.oldLiteral[s]
	return ok
}

func (c *closures) hasNewLiteral(y goobj.Sym) bool {
	_, ok := c.literal[y]
	return ok
}

// bodiesApart reports the body of a loop that is not found in the source, in a package where others are found: it is not known
// whether the function around it has it too.
func (e *Edit) bodiesApart(symbol string, edited bool) bool {
	if !rangeTail.MatchString(goobj.WithoutCopy(symbol)) {
		return false
	}
	path, _, _, ok := e.owner(symbol)
	if !ok {
		return false
	}
	s := e.Sources[path].Old
	if edited {
		s = e.Sources[path].New
	}
	return s != nil && len(s.apart) > 0
}
