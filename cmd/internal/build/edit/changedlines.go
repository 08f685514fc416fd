package edit

import (
	"go/ast"
	"slices"
	"strings"
)

// ChangedLines are the lines of the statements that a declaration has in the edit and had not in the release, by their
// texts without what they contain: of a loop or a condition that is its head. What stands in function literals is left
// out, since it may run again.
func (e *Edit) ChangedLines(declaration string) []int {
	path, decl, _ := strings.Cut(declaration, "\x00")
	p := e.Sources[path]
	if p.Old == nil || p.Old.Funcs[decl] == nil || p.New.Funcs[decl] == nil {
		return nil
	}
	had := map[string]int{}
	for _, s := range p.Old.statements(p.Old.Funcs[decl].Decl) {
		had[s.text]++
	}
	var lines []int
	for _, s := range p.New.statements(p.New.Funcs[decl].Decl) {
		if had[s.text]--; had[s.text] < 0 {
			lines = append(lines, s.line)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

type statementText struct {
	text string
	line int
}

// statements are those of a function and of its blocks.
func (s *Source) statements(f *ast.FuncDecl) (out []statementText) {
	if f.Body == nil {
		return nil
	}
	add := func(n ast.Node, text string) {
		out = append(out, statementText{text, s.Fset.Position(n.Pos()).Line})
	}
	head := func(n ast.Node, parts ...ast.Node) {
		var texts []string
		for _, p := range parts {
			texts = append(texts, s.withoutBodies(p))
		}
		add(n, strings.Join(texts, ";"))
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BlockStmt, *ast.LabeledStmt, nil:
		case *ast.IfStmt:
			head(n, present("if", n.Init, n.Cond)...)
		case *ast.ForStmt:
			head(n, present("for", n.Init, n.Cond, n.Post)...)
		case *ast.RangeStmt:
			head(n, present("range", n.Key, n.Value, n.X)...)
		case *ast.SwitchStmt:
			head(n, present("switch", n.Init, n.Tag)...)
		case *ast.TypeSwitchStmt:
			head(n, present("switch", n.Init, n.Assign)...)
		case *ast.SelectStmt:
		case *ast.CaseClause:
			parts := []ast.Node{ast.NewIdent("case")}
			for _, x := range n.List {
				parts = append(parts, x)
			}
			head(n, parts...)
		case *ast.CommClause:
			head(n, present("case", n.Comm)...)
		case ast.Stmt:
			head(n, n)
		}
		return true
	})
	return out
}

// present are the parts of a statement that are there, behind a word for its kind.
func present(kind string, parts ...ast.Node) []ast.Node {
	out := []ast.Node{ast.NewIdent(kind)}
	for _, p := range parts {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}
