package edit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/release"
)

// The compiler describes a captured variable only if it has a place of its own at some time. One that is
// read in the middle of an instruction, and nowhere else, is not described, although it takes up room in the
// closure. So what the debugging information says is held against what the source captures.

// literalOf is the literal of a closure in one version of its package.
type literalOf struct {
	path, group string
	index       int
}

// capture is a variable of a function around a literal, which the literal uses.
type capture struct {
	name, typ string
	// fixed says that it is captured by value in any case: of a basic or pointer type, assigned once and
	// its address not taken.
	fixed bool
}

func (c capture) String() string { return c.name + " " + c.typ }

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

// captured lists what a literal captures, by position of the declaration.
func captured(l Literal, info *types.Info) []capture {
	seen := map[*types.Var]bool{}
	var vars []*types.Var
	ast.Inspect(l.node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := info.Uses[id].(*types.Var)
		if ok && !v.IsField() && !seen[v] && v.Pkg() != nil && v.Parent() != v.Pkg().Scope() && (v.Pos() < l.node.Pos() || v.Pos() >= l.node.End()) {
			seen[v] = true
			vars = append(vars, v)
		}
		return true
	})
	slices.SortFunc(vars, func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) })
	changed := assigned(l.around, info)
	var out []capture
	for _, v := range vars {
		out = append(out, capture{v.Name(), shape(v.Type()), scalar(v.Type()) && !changed[v]})
	}
	return out
}

// scalar reports types whose values have no parts that could be assigned or have their address taken.
func scalar(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Basic, *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		_, named := types.Unalias(t).(*types.Named)
		_, param := types.Unalias(t).(*types.TypeParam)
		return !named && !param // a method may take the address
	}
	return false
}

// assigned are the variables that are assigned other than by their declaration, or have their address
// taken, anywhere in n.
func assigned(n ast.Node, info *types.Info) map[types.Object]bool {
	out := map[types.Object]bool{}
	mark := func(x ast.Expr) {
		if id, ok := ast.Unparen(x).(*ast.Ident); ok && info.Uses[id] != nil {
			out[info.Uses[id]] = true
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				mark(x)
			}
		case *ast.IncDecStmt:
			mark(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				mark(n.X)
			}
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				mark(n.Key)
				mark(n.Value)
			}
		}
		return true
	})
	return out
}

// described finds captured variables in a signature's key. One that is captured by reference has an
// ampersand before its name.
var described = regexp.MustCompile(`\[\d+ &?([^ \]]+) `)

// undescribed are the captures that the debugging information, of which key is the text, leaves out.
func undescribed(all []capture, key string) []capture {
	told := map[string]int{}
	for _, m := range described.FindAllStringSubmatch(key, -1) {
		told[m[1]]++
	}
	var out []capture
	for _, c := range all {
		if told[c.name] == 0 {
			out = append(out, c)
		} else {
			told[c.name]--
		}
	}
	return out
}

// capturesKey is equal for versions of a closure that capture the same in the same places, if their
// signatures are equal too; ok is false when that can't be told.
func (e *Edit) capturesKey(at literalOf, edited bool, signature, host string) (key string, ok bool) {
	l, s, info := e.source(at, edited)
	all := captured(l, info)
	hidden := undescribed(all, signature)
	if len(hidden) == 0 {
		return "", true
	}
	if !e.sure(at, edited, l) {
		return "", false
	}
	for _, c := range hidden {
		if !c.fixed {
			return "", false
		}
	}
	// One that is hidden is in the gap that the others leave, or behind them. Of several the order is
	// not known, but it is the same as long as the functions are.
	key = fmt.Sprint(all, hidden)
	if len(hidden) > 1 {
		key += " of " + e.declarationText(at.path, l.Decl, s) + e.hostText(host, edited)
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

// sameCaptures reports that a closure of the release and one of the edit, whose signatures are equal,
// find their captured variables in the same places.
func (e *Edit) sameCaptures(old *release.Symbol, y goobj.Sym, signature string) bool {
	was, ok1 := e.closures.oldLiteral[old]
	is, ok2 := e.closures.literal[y]
	if !ok1 || !ok2 {
		return false
	}
	a, ok1 := e.capturesKey(was.literalOf, false, old.Type, was.host)
	b, ok2 := e.capturesKey(is.literalOf, true, signature, is.host)
	return ok1 && ok2 && a == b
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
