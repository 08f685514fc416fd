package edit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// importing is a package of the program, or of the edit, that imports another one, itself or by way of others.
type importing struct {
	path   string
	direct bool
	// unread says why its source does not tell what it uses.
	unread string
	// renamed maps import paths as the source has them.
	renamed map[string]string
	files   []parsedFile // of both versions, where they differ
}

type parsedFile struct {
	fset *token.FileSet
	file *ast.File
	// edited files are of the edit alone.
	edited bool
}

// usedElsewhere says which other package uses what a package exports under a name, and where; "" if none does, in the
// program and in the edit. What nobody names nobody has, unless it is given to him under another name.
func (e *Edit) usedElsewhere(path, name string, method bool) string {
	return e.usedIn(path, name, method, func(parsedFile) bool { return true })
}

// usedInRelease is usedElsewhere for the program alone.
func (e *Edit) usedInRelease(path, name string, method bool) string {
	return e.usedIn(path, name, method, func(f parsedFile) bool { return !f.edited })
}

func (e *Edit) usedIn(path, name string, method bool, counts func(parsedFile) bool) string {
	for _, u := range e.importersOf(path) {
		switch {
		case !u.direct && !method:
			continue
		case u.unread != "":
			return fmt.Sprintf("package %s may use it: %s", u.path, u.unread)
		}
		for _, f := range u.files {
			if at := f.use(u, path, e.packageName(path), name, method); at.IsValid() && counts(f) {
				p := f.fset.Position(at)
				return fmt.Sprintf("package %s uses it (%s:%d)", u.path, filepath.Base(p.Filename), p.Line)
			}
		}
	}
	return ""
}

// packageName is the name that importers know a package by.
func (e *Edit) packageName(path string) string {
	if p := e.Packages[path]; p != nil {
		return p.Name
	}
	return ""
}

// importersOf lists the packages that import one, in the program or in the edit.
func (e *Edit) importersOf(path string) []importing {
	if known, ok := e.importers[path]; ok {
		return known
	}
	imports := e.imports()
	all := withImporters(imports, path)
	delete(all, path)
	var out []importing
	for _, p := range slices.Sorted(maps.Keys(all)) {
		u := importing{path: p, direct: slices.Contains(imports[p], path)}
		e.readImporter(&u)
		out = append(out, u)
	}
	if e.importers == nil {
		e.importers = map[string][]importing{}
	}
	e.importers[path] = out
	return out
}

// imports is what each package imports, in the program or in the edit.
func (e *Edit) imports() map[string][]string {
	imports := map[string][]string{}
	for _, p := range e.Record.Packages {
		imports[p.Import] = append(imports[p.Import], p.Imports...)
	}
	for _, p := range e.Packages {
		imports[p.ImportPath] = append(imports[p.ImportPath], p.Imports...)
	}
	return imports
}

// withImporters is a set of packages with all that import one of them, at whatever distance.
func withImporters(imports map[string][]string, paths ...string) map[string]bool {
	all := map[string]bool{}
	for _, p := range paths {
		all[p] = true
	}
	for grown := true; grown; {
		grown = false
		for p, of := range imports {
			if !all[p] && slices.ContainsFunc(of, func(i string) bool { return all[i] }) {
				all[p], grown = true, true
			}
		}
	}
	return all
}

// readImporter reads the source of a package. One that is as before has that of the edit.
func (e *Edit) readImporter(u *importing) {
	p := e.Packages[u.path]
	if p == nil {
		u.unread = "the edit does not have it"
		return
	}
	u.renamed = p.ImportMap
	if len(p.CgoFiles) > 0 {
		u.unread = "it uses cgo"
		return
	}
	if pair, ok := e.Sources[u.path]; ok {
		for _, s := range []*Source{pair.Old, pair.New} {
			if s == nil {
				continue
			}
			for _, f := range s.Files {
				u.files = append(u.files, parsedFile{s.Fset, f, s == pair.New})
			}
		}
		return
	}
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, absolute(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			u.unread = "its source can't be read"
			return
		}
		u.files = append(u.files, parsedFile{fset, f, false})
	}
}

// use finds a place where a file uses what package path, called pkg, exports under a name. Methods are known by their
// names alone.
func (f parsedFile) use(u importing, path, pkg, name string, method bool) (at token.Pos) {
	known := map[string]bool{} // names of the package in the file
	dot := false
	for _, spec := range f.file.Imports {
		from, err := strconv.Unquote(spec.Path.Value)
		if to, ok := u.renamed[from]; ok {
			from = to
		}
		switch {
		case err != nil || from != path:
		case spec.Name == nil:
			known[pkg] = true
		case spec.Name.Name == ".":
			dot = true
		default:
			known[spec.Name.Name] = true
		}
	}
	ast.Inspect(f.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if n.Sel.Name == name && (method || ok && known[x.Name]) {
				at = n.Pos()
			}
		case *ast.Ident:
			if dot && n.Name == name {
				at = n.Pos()
			}
		}
		return !at.IsValid()
	})
	return at
}
