package mutation

import (
	"go/ast"
	"go/token"
	"strings"
)

// layouts makes edits of structs: a field gets another name and nothing else, and a type with which no function that is
// run has to do gets another layout, for which new code makes a value.
func (f *file) layouts() {
	for _, d := range f.ast.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			s := spec.(*ast.TypeSpec)
			if t, ok := s.Type.(*ast.StructType); ok && t.Fields.NumFields() > 0 {
				f.renameFields(t)
				f.idleType(s, t)
			}
		}
	}
}

// renameFields gives each field another name wherever the file selects or sets one of that name. Where another file does
// so, or a method has the name, that does not compile.
func (f *file) renameFields(t *ast.StructType) {
	for _, field := range t.Fields.List {
		for _, name := range field.Names {
			if name.Name == "_" {
				continue
			}
			parts := []replacement{{name.Pos(), name.End(), name.Name + "Renamed"}}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					parts = f.alike(parts, n.Sel, name)
				case *ast.KeyValueExpr:
					if id, ok := n.Key.(*ast.Ident); ok {
						parts = f.alike(parts, id, name)
					}
				}
				return true
			})
			f.add("rename field", name.Pos(), parts...)
			f.edits[len(f.edits)-1].Field = name.Name
		}
	}
}

func (f *file) alike(parts []replacement, id, name *ast.Ident) []replacement {
	if id.Name == name.Name {
		parts = append(parts, replacement{id.Pos(), id.End(), name.Name + "Renamed"})
	}
	return parts
}

// idleType adds a first field to a type that no function which is run mentions, and makes a value of it in one that is.
func (f *file) idleType(s *ast.TypeSpec, t *ast.StructType) {
	if s.TypeParams != nil {
		return
	}
	var user *ast.FuncDecl
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || len(fn.Body.List) == 0 || !f.runs(fn.Body.List[0]) {
			continue
		}
		if mentions(fn, s.Name.Name) {
			return
		}
		if user == nil {
			user = fn
		}
	}
	field := replacement{t.Fields.Opening + 1, t.Fields.Opening + 1, "\n\tgospliceField [3]int\n"}
	f.add("idle type", s.Pos(), field)
	if user == nil {
		return
	}
	begin := user.Body.Lbrace + 1
	f.add("idle type", s.Pos(), field, replacement{begin, begin, "\n\tif n := gospliceIdle.fill(); n != gospliceMade*7 {\n\t\tpanic(n)\n\t}\n"})
	f.behind(strings.ReplaceAll(`
type gospliceIdles struct {
	all  []*NAME
	held map[int]any
}

var gospliceIdle = gospliceIdles{held: map[int]any{}}

var gospliceMade int

// fill makes one more value, and adds up what those that were made before have in the new field.
//
//go:noinline
func (i *gospliceIdles) fill() (n int) {
	if gospliceMade < 100 {
		v := new(NAME)
		v.gospliceField[gospliceMade%3] = 7
		i.all, i.held[gospliceMade] = append(i.all, v), *v
		gospliceMade++
	}
	for k, v := range i.all {
		n += i.held[k].(NAME).gospliceField[k%3] + v.gospliceField[k%3] - 7
	}
	return n
}
`, "NAME", s.Name.Name))
}

// mentions reports whether a declaration has an identifier.
func mentions(fn *ast.FuncDecl, name string) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
