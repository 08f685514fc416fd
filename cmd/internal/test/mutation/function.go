package mutation

import (
	"fmt"
	"go/ast"
	"strings"
)

// function makes edits of one function that is run.
func (f *file) function(fn *ast.FuncDecl) {
	begin := fn.Body.Lbrace + 1
	f.insert("closure", begin, "\n\t_ = func() int { return 1 }()\n")
	f.insert("deferred closure", begin, "\n\tdefer func() { gospliceMutant++ }()\n")
	f.behind("\nvar gospliceMutant int\n")
	f.insert("new variable", begin, "\n\tgospliceCalls[len(gospliceCalls)]++\n")
	f.behind("\nvar gospliceCalls = map[int]int{}\n")
	f.insert("new function", begin, "\n\tgospliceAdded(1)\n")
	f.behind("\n//go:noinline\nfunc gospliceAdded(n int) int { return n + 1 }\n")
	f.insert("comment", begin, "\n\t// A comment moves the lines below.\n")
	f.earlyReturn(fn)
	f.signature(fn)
	f.newMethod(fn)
	f.parameters(fn)
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if block, ok := n.(*ast.BlockStmt); ok {
			f.statements(block.List)
		}
		if c, ok := n.(*ast.CaseClause); ok {
			f.statements(c.Body)
		}
		return true
	})
}

// statements swaps neighbours and leaves one out.
func (f *file) statements(list []ast.Stmt) {
	for i, s := range list {
		if !f.runs(s) {
			continue
		}
		if _, ok := s.(*ast.ReturnStmt); !ok {
			f.add("delete", s.Pos(), replacement{s.Pos(), s.End(), "{}"})
		}
		if i+1 < len(list) {
			next := list[i+1]
			f.add("swap", s.Pos(), replacement{s.Pos(), s.End(), f.text(next)}, replacement{next.Pos(), next.End(), f.text(s)})
		}
	}
}

// earlyReturn returns before the last statement, where that needs no values.
func (f *file) earlyReturn(fn *ast.FuncDecl) {
	named := fn.Type.Results == nil || len(fn.Type.Results.List) > 0 && len(fn.Type.Results.List[0].Names) > 0
	if last := fn.Body.List[len(fn.Body.List)-1]; named && len(fn.Body.List) > 1 {
		f.insert("early return", last.Pos(), "if true { return }\n\t")
	}
}

// signature adds a parameter or a result to a function that only its own file seems to call. Elsewhere it
// does not compile.
func (f *file) signature(fn *ast.FuncDecl) {
	if fn.Recv != nil || ast.IsExported(fn.Name.Name) || fn.Name.Name == "init" || fn.Type.TypeParams != nil {
		return
	}
	parts := []replacement{{fn.Type.Params.Closing, fn.Type.Params.Closing, comma(fn.Type.Params.NumFields() > 0) + parameter(fn)}}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == fn.Name.Name {
			parts = append(parts, replacement{call.Rparen, call.Rparen, comma(len(call.Args) > 0) + "7"})
		}
		return true
	})
	f.add("parameter", fn.Pos(), parts...)
	f.result(fn)
}

func comma(before bool) string {
	if before {
		return ", "
	}
	return ""
}

// parameter is a further parameter in the style of the others, named or not.
func parameter(fn *ast.FuncDecl) string {
	if fs := fn.Type.Params.List; len(fs) > 0 && len(fs[0].Names) == 0 {
		return "int"
	}
	return "gospliceExtra int"
}

// result makes a function without results return one, which its callers do not use.
func (f *file) result(fn *ast.FuncDecl) {
	if fn.Type.Results != nil {
		return
	}
	parts := []replacement{
		{fn.Type.Params.Closing + 1, fn.Type.Params.Closing + 1, " (gospliceResult int)"},
		{fn.Body.Rbrace, fn.Body.Rbrace, "\n\treturn\n"},
	}
	f.add("result", fn.Pos(), parts...)
}

// newMethod adds a method to the type of a method and calls it.
func (f *file) newMethod(fn *ast.FuncDecl) {
	if fn.Recv == nil || len(fn.Recv.List[0].Names) == 0 || fn.Recv.List[0].Names[0].Name == "_" {
		return
	}
	receiver := f.text(fn.Recv.List[0].Type)
	if strings.Contains(receiver, "[") {
		return
	}
	begin := fn.Body.Lbrace + 1
	f.insert("new method", begin, fmt.Sprintf("\n\t%s.gospliceMethod()\n", fn.Recv.List[0].Names[0].Name))
	f.behind(fmt.Sprintf("\n//go:noinline\nfunc (%s) gospliceMethod() {}\n", receiver))
}
