package edit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// The compiler numbers the function literals of a declaration, and an edit shifts the numbers: one
// more literal does, and so does a constant that switches a branch on. Literals are therefore matched
// by what they are and where they stand, and closures by the literal at whose line they start.

// Literal is a function literal, or the body of a loop that may be over a function.
type Literal struct {
	Text    string // hash of all of it
	Context string // hash of the call, assignment or the like that it stands in, without bodies
	Decl    string // in Source.Funcs, or varInit
	Line    int
	Depth   int // 1 in no other literal
	Parent  int // index of the literal around it, -1 for none

	node   *ast.FuncLit
	around ast.Node       // the declaration or initialiser
	loop   *ast.RangeStmt // of whose body the compiler makes the literal, or nil
}

// at is the node of the source that becomes the literal.
func (l *Literal) at() ast.Node {
	if l.loop != nil {
		return l.loop
	}
	return l.node
}

// varInit stands for the initialisers of package variables: symbols name their literals after the
// package's init function.
const varInit = "init"

// literals are the function literals inside n, outer before inner.
func (s *Source) literals(decl string, n ast.Node) []Literal {
	var out []Literal
	whole := n
	var around []ast.Node
	parents := []int{-1}
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			last := around[len(around)-1]
			around = around[:len(around)-1]
			if _, ok := last.(*ast.FuncLit); ok {
				parents = parents[:len(parents)-1]
			}
			return true
		}
		if f, ok := n.(*ast.FuncLit); ok {
			out = append(out, Literal{
				Text: s.text(f), Context: hashText(s.context(around, f)), Decl: decl,
				Line: s.Fset.Position(f.Pos()).Line, Depth: len(parents), Parent: parents[len(parents)-1],
				node: f, around: whole,
			})
			parents = append(parents, len(out)-1)
		}
		around = append(around, n)
		return true
	})
	return out
}

// context is the text of the innermost call, assignment or the like around a literal, with the bodies
// of all literals left out.
func (s *Source) context(around []ast.Node, f *ast.FuncLit) string {
	for i := len(around) - 1; i >= 0; i-- {
		switch n := around[i].(type) {
		case *ast.CallExpr:
			if ast.Unparen(n.Fun) == f {
				continue // called or deferred where it stands
			}
			return s.withoutBodies(n)
		case *ast.KeyValueExpr, *ast.AssignStmt, *ast.ValueSpec, *ast.ReturnStmt, *ast.SendStmt, *ast.GoStmt, *ast.DeferStmt:
			return s.withoutBodies(n)
		case *ast.BlockStmt, *ast.FuncLit:
			return ""
		}
	}
	return ""
}

func (s *Source) withoutBodies(n ast.Node) string {
	bodies := map[*ast.FuncLit]*ast.BlockStmt{}
	ast.Inspect(n, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncLit)
		if ok {
			bodies[f] = f.Body
		}
		return !ok
	})
	for f := range bodies {
		f.Body = &ast.BlockStmt{}
	}
	defer func() {
		for f, b := range bodies {
			f.Body = b
		}
	}()
	return printed(n)
}

// printed is a node in the printer's own layout: a new file set has no lines.
func printed(n ast.Node) string {
	var b bytes.Buffer
	printer.Fprint(&b, token.NewFileSet(), n)
	return b.String()
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// group names the literals among which one is matched: those of its declaration, or of all init
// functions, whose numbers shift.
func group(decl string) string {
	if strings.HasPrefix(decl, "init.") {
		return "init."
	}
	return decl
}

// groups are the literals of a package by group.
func (s *Source) groups() map[string][]Literal {
	if s.grouped == nil {
		s.grouped = s.group()
	}
	return s.grouped
}

func (s *Source) group() map[string][]Literal {
	out := map[string][]Literal{}
	add := func(ls []Literal) {
		for _, l := range ls {
			g := group(l.Decl)
			out[g] = append(out[g], l)
		}
	}
	join := func(g string, parts [][]Literal) {
		for _, ls := range parts {
			first := len(out[g])
			for _, l := range ls {
				if l.Parent >= 0 {
					l.Parent += first
				}
				out[g] = append(out[g], l)
			}
		}
	}
	var inits [][]Literal
	for n := 0; s.Funcs[fmt.Sprintf("init.%d", n)] != nil; n++ {
		f := s.Funcs[fmt.Sprintf("init.%d", n)]
		inits = append(inits, slices.Concat(f.Literals, f.Loops))
	}
	join("init.", inits)
	join(varInit, s.varLiterals)
	for name, f := range s.Funcs {
		if group(name) == name {
			add(f.Literals)
			add(f.Loops)
		}
	}
	return out
}

// matchLiterals returns for each literal of the old version the index of what became of it in the
// new one, or -1.
func matchLiterals(old, new []Literal) []int {
	m := &matcher{old: old, new: new, to: make([]int, len(old)), taken: make([]bool, len(new))}
	for i := range m.to {
		m.to[i] = -1
	}
	m.children(-1, -1)
	return m.to
}

type matcher struct {
	old, new []Literal
	to       []int
	taken    []bool
}

// children matches what is directly inside of two literals that correspond.
func (m *matcher) children(oldParent, newParent int) {
	under := func(ls []Literal, parent int) (out []int) {
		for i := range ls {
			if ls[i].Parent == parent {
				out = append(out, i)
			}
		}
		return out
	}
	os, ns := under(m.old, oldParent), under(m.new, newParent)
	for _, key := range []func(*Literal) string{
		func(l *Literal) string { return l.Text + l.Context },
		func(l *Literal) string { return l.Context },
		func(l *Literal) string { return l.Text },
	} {
		m.unique(os, ns, key)
	}
	m.inOrder(os, ns)
	for _, i := range os {
		if m.to[i] >= 0 {
			m.children(i, m.to[i])
		}
	}
}

func (m *matcher) free(os, ns []int, key func(*Literal) string) (oldBy, newBy map[string][]int) {
	oldBy, newBy = map[string][]int{}, map[string][]int{}
	for _, i := range os {
		if m.to[i] < 0 {
			oldBy[key(&m.old[i])] = append(oldBy[key(&m.old[i])], i)
		}
	}
	for _, i := range ns {
		if !m.taken[i] {
			newBy[key(&m.new[i])] = append(newBy[key(&m.new[i])], i)
		}
	}
	return oldBy, newBy
}

// unique pairs what only one literal on each side has.
func (m *matcher) unique(os, ns []int, key func(*Literal) string) {
	oldBy, newBy := m.free(os, ns, key)
	for k, is := range oldBy {
		if js := newBy[k]; len(is) == 1 && len(js) == 1 {
			m.to[is[0]], m.taken[js[0]] = js[0], true
		}
	}
}

// inOrder pairs literals that stand in the same words, such as several of "defer func() {…}()", when
// there are as many as before.
func (m *matcher) inOrder(os, ns []int) {
	oldBy, newBy := m.free(os, ns, func(l *Literal) string { return l.Context })
	for k, is := range oldBy {
		js := newBy[k]
		if len(is) != len(js) {
			continue
		}
		for n := range is {
			m.to[is[n]], m.taken[js[n]] = js[n], true
		}
	}
}

// identities tell the literals of a group apart, the same way in every version in which they are
// matched.
func identities(ls []Literal) []string {
	out := make([]string, len(ls))
	keys := make([]string, len(ls))
	count := map[string]int{}
	for i := range ls {
		parent := ls[i].variables()
		if p := ls[i].Parent; p >= 0 {
			parent = out[p]
		}
		keys[i] = parent + " " + ls[i].Context
		out[i] = fmt.Sprintf("%s %d", hashText(keys[i]), count[keys[i]])
		count[keys[i]]++
	}
	for i := range out {
		out[i] = fmt.Sprintf("%s of %d", out[i], count[keys[i]])
	}
	return out
}

// variables are the names of those whose initialiser the literal stands in.
func (l *Literal) variables() string {
	spec, ok := l.around.(*ast.ValueSpec)
	if !ok {
		return ""
	}
	var names []string
	for _, id := range spec.Names {
		names = append(names, id.Name)
	}
	return strings.Join(names, ",")
}
