package mutation

import (
	"fmt"
	"go/ast"
	"strings"
)

// parameters makes edits of what a function calls its arguments, and of what it does with those that are pointers.
func (f *file) parameters(fn *ast.FuncDecl) {
	f.renameParameters(fn)
	f.swapParameters(fn)
	if fn.Type.TypeParams != nil || fn.Recv != nil && strings.Contains(f.text(fn.Recv.List[0].Type), "[") {
		return
	}
	lists := []*ast.FieldList{fn.Type.Params}
	if fn.Recv != nil {
		lists = append(lists, fn.Recv)
	}
	for _, l := range lists {
		for _, p := range l.List {
			if star, ok := p.Type.(*ast.StarExpr); ok && len(p.Names) > 0 && p.Names[0].Name != "_" {
				f.keepOrCopy(fn, p.Names[0].Name, f.text(star.X))
			}
		}
	}
}

// keepOrCopy makes a function keep a pointer that it is given, or work with a copy, so that what it kept is another
// value.
func (f *file) keepOrCopy(fn *ast.FuncDecl, name, elem string) {
	begin := fn.Body.Lbrace + 1
	f.insert("keep", begin, fmt.Sprintf("\n\tgospliceKept = %s\n", name))
	f.behind(fmt.Sprintf("\nvar gospliceKept *%s\n", elem))
	f.insert("copy", begin, fmt.Sprintf("\n\tif %s != nil {\n\t\tgospliceCopy := *%[1]s\n\t\t%[1]s = &gospliceCopy\n\t}\n", name))
}

// renameParameters gives the receiver, the parameters and the results other names.
func (f *file) renameParameters(fn *ast.FuncDecl) {
	names := map[string]bool{}
	for _, l := range []*ast.FieldList{fn.Recv, fn.Type.Params, fn.Type.Results} {
		if l == nil {
			continue
		}
		for _, p := range l.List {
			for _, id := range p.Names {
				if id.Name != "_" {
					names[id.Name] = true
				}
			}
		}
	}
	if len(names) == 0 {
		return
	}
	var parts []replacement
	certain := true
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			ast.Inspect(n.X, func(m ast.Node) bool { return f.renamed(m, names, &parts, &certain) })
			return false
		default:
			return f.renamed(n, names, &parts, &certain)
		}
	})
	if certain {
		f.add("rename parameters", fn.Pos(), parts...)
	}
}

// renamed adds the replacement of an identifier with one of names. Where it may be that of a field that is not certain.
func (f *file) renamed(n ast.Node, names map[string]bool, parts *[]replacement, certain *bool) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		ast.Inspect(n.X, func(m ast.Node) bool { return f.renamed(m, names, parts, certain) })
		return false
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && names[id.Name] {
			*certain = false
		}
	case *ast.StructType, *ast.InterfaceType, *ast.LabeledStmt:
		*certain = false
	case *ast.FuncLit:
		for _, p := range n.Type.Params.List {
			for _, id := range p.Names {
				*certain = *certain && !names[id.Name]
			}
		}
	case *ast.Ident:
		if names[n.Name] {
			*parts = append(*parts, replacement{n.Pos(), n.End(), n.Name + "Renamed"})
		}
	}
	return true
}

// swapParameters exchanges the names of two parameters of one type, so that each does what the other one did.
func (f *file) swapParameters(fn *ast.FuncDecl) {
	for _, p := range fn.Type.Params.List {
		if len(p.Names) > 1 && p.Names[0].Name != "_" && p.Names[1].Name != "_" {
			a, b := p.Names[0], p.Names[1]
			f.add("swap parameters", fn.Pos(), replacement{a.Pos(), a.End(), b.Name}, replacement{b.Pos(), b.End(), a.Name})
			return
		}
	}
}
