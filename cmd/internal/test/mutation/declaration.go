package mutation

import (
	"go/ast"
	"go/token"
	"strconv"
)

// declarations makes edits of types, variables and the order of functions.
func (f *file) declarations() {
	var before *ast.FuncDecl
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if before != nil && before.Doc == nil && d.Doc == nil {
				f.add("reorder", d.Pos(), replacement{before.Pos(), before.End(), f.text(d)}, replacement{d.Pos(), d.End(), f.text(before)})
			}
			before = d
			f.rename(d)
		case *ast.GenDecl:
			before = nil
			for _, spec := range d.Specs {
				f.spec(d.Tok, spec)
			}
		}
	}
}

func (f *file) spec(kind token.Token, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if t, ok := s.Type.(*ast.StructType); ok && !ast.IsExported(s.Name.Name) && t.Fields.NumFields() > 0 {
			f.insert("field first", t.Fields.Opening+1, "\n\tgospliceField int\n")
			f.insert("field last", t.Fields.Closing, "\n\tgospliceField int\n")
		}
	case *ast.ValueSpec:
		if kind != token.VAR || len(s.Values) != 1 {
			return
		}
		if lit, ok := s.Values[0].(*ast.BasicLit); ok && lit.Kind == token.INT {
			if n, err := strconv.Atoi(lit.Value); err == nil {
				f.add("initial value", lit.Pos(), replacement{lit.Pos(), lit.End(), strconv.Itoa(n + 1)})
			}
		}
	}
}

// rename gives a function of one file another name, wherever the file uses it.
func (f *file) rename(fn *ast.FuncDecl) {
	if fn.Recv != nil || ast.IsExported(fn.Name.Name) || fn.Name.Name == "init" || fn.Name.Name == "main" || fn.Body == nil ||
		len(fn.Body.List) == 0 || !f.runs(fn.Body.List[0]) {
		return
	}
	var parts []replacement
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == fn.Name.Name {
			parts = append(parts, replacement{id.Pos(), id.End(), id.Name + "Renamed"})
		}
		return true
	})
	f.add("rename", fn.Pos(), parts...)
}
