package chainbuild

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// entry is the entry of a plugin.
type entry struct {
	pkg, name string // of the table's type
	table     string // both
	hasMain   bool   // func main is there
}

const entryForm = "func Entry(prev *api.Table) (*api.Table, error)"

// findEntry finds the entry in the main package and the type of its table. The compiler checks
// afterwards what is read off the syntax here.
func findEntry(t *tree, main *gotool.Package, logic map[string]bool) (*entry, error) {
	var e entry
	var at string
	fset := token.NewFileSet()
	whole := t.byPath[main.ImportPath]
	for _, name := range whole.GoFiles {
		full := filepath.Join(whole.Dir, name)
		content, err := t.read(full)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(fset, name, content, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			switch fn.Name.Name {
			case "main":
				e.hasMain = true
			case "Entry":
				at = fset.Position(fn.Pos()).String()
				if e.pkg, e.name, ok = t.tableType(whole, f, fn.Type); !ok {
					return nil, fmt.Errorf("%s: Entry is not of the form %s, with a table from a package that is shared with the host: declare it so", at, entryForm)
				}
			}
		}
	}
	if at == "" {
		return nil, fmt.Errorf("package %s has no func Entry: add %s, which returns the functions of this version", main.ImportPath, entryForm)
	}
	if strings.HasPrefix(e.pkg, main.ImportPath+"/") {
		return nil, fmt.Errorf("%s: the table %s.%s is declared below the directory of this package main, where all packages are logic, of which each version has its own: move package main into a directory of its own, beside that of %s", at, path.Base(e.pkg), e.name, path.Base(e.pkg))
	}
	if logic[e.pkg] {
		return nil, fmt.Errorf("%s: the table %s.%s is declared in logic, of which each version has its own: declare it in a package that is shared with the host", at, path.Base(e.pkg), e.name)
	}
	e.table = e.pkg + "." + e.name
	return &e, nil
}

// tableType reads the type of the table off the type of an entry.
func (t *tree) tableType(p *gotool.Package, f *ast.File, fn *ast.FuncType) (pkg, name string, ok bool) {
	params, results := flat(fn.Params), flat(fn.Results)
	if len(params) != 1 || len(results) != 2 || fn.TypeParams != nil {
		return "", "", false
	}
	qualifier, name, ok := pointee(params[0])
	q, n, okResult := pointee(results[0])
	e, isName := results[1].(*ast.Ident)
	if !ok || !okResult || q != qualifier || n != name || !isName || e.Name != "error" {
		return "", "", false
	}
	pkg = t.importNamed(p, f, qualifier)
	return pkg, name, pkg != ""
}

// flat are the types of parameters, one for each.
func flat(fields *ast.FieldList) []ast.Expr {
	var types []ast.Expr
	if fields == nil {
		return nil
	}
	for _, f := range fields.List {
		for range max(1, len(f.Names)) {
			types = append(types, f.Type)
		}
	}
	return types
}

// pointee takes *pkg.Name apart.
func pointee(e ast.Expr) (qualifier, name string, ok bool) {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return "", "", false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", "", false
	}
	return x.Name, sel.Sel.Name, true
}

// importNamed is the import path of the package that a file calls name.
func (t *tree) importNamed(p *gotool.Package, f *ast.File, name string) string {
	for _, spec := range f.Imports {
		written, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if to, ok := p.ImportMap[written]; ok {
			written = to
		}
		imported := t.byPath[written]
		switch {
		case spec.Name != nil && spec.Name.Name == name:
			return written
		case spec.Name == nil && imported != nil && imported.Name == name:
			return written
		}
	}
	return ""
}

// glue is a file for the main package that makes the compiler check what was read off the syntax,
// and without which a main package is none.
func (e *entry) glue() string {
	text := "package main\n\nimport table " + strconv.Quote(e.pkg) + "\n\nvar _ func(*table." + e.name + ") (*table." + e.name + ", error) = Entry\n"
	if !e.hasMain {
		text += "\nfunc main() {}\n"
	}
	return text
}
