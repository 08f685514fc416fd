package mutation

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// others are operators and what somebody may have meant instead.
var others = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.AND: "|", token.OR: "&",
}

// expression makes edits of literals and operators, where they are run.
func (f *file) expression(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.Field:
		return false // paths and tags
	case *ast.BasicLit:
		if f.runs(n) {
			f.literal(n)
		}
	case *ast.BinaryExpr:
		if other, ok := others[n.Op]; ok && f.runs(n) {
			f.add("operator", n.OpPos, replacement{n.OpPos, n.OpPos + token.Pos(len(n.Op.String())), other})
		}
	}
	return true
}

func (f *file) literal(n *ast.BasicLit) {
	switch n.Kind {
	case token.INT:
		if v, err := strconv.Atoi(n.Value); err == nil && v < 1000 {
			f.add("number", n.Pos(), replacement{n.Pos(), n.End(), strconv.Itoa(v + 1)})
		}
	case token.STRING:
		if s, err := strconv.Unquote(n.Value); err == nil && !strings.ContainsAny(s, "%\n") && s != "" {
			f.add("string", n.Pos(), replacement{n.Pos(), n.End(), strconv.Quote(s + "x")})
		}
	}
}
