package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/gotool"
	"github.com/gosplice/gosplice/internal/release"
)

// initPrefix begins the names of the functions that initialise new variables.
const initPrefix = "gospliceInit_"

// InitFunc is a function, added to the edited package by an overlay, that initialises new
// variables of it and nothing else.
type InitFunc struct {
	Package string // import path
	Func    string // name of the function
	Vars    []string
	File    string
	Line    int
}

// Initialisers finds the variables that an edit adds to packages of the release, and writes
// functions that initialise them: the package's own init must not run again. It returns the changed
// files for an overlay, by path. moved are the packages that lie elsewhere than in the release, as the
// edited build has them.
func Initialisers(rec *release.Record, tree *Tree, moved []gotool.Package) (files map[string][]byte, inits []InitFunc, err error) {
	files = map[string][]byte{}
	for i := range rec.Packages {
		p := &rec.Packages[i]
		changed, err := editedGoFiles(p, tree, moved)
		if err != nil {
			return nil, nil, err
		}
		if len(changed) == 0 {
			continue
		}
		old, err := tree.oldSource(p)
		if err != nil {
			return nil, nil, err
		}
		for _, path := range slices.Sorted(maps.Keys(changed)) { // functions are numbered
			content := changed[path]
			add, fs, err := initFuncs(p.Import, path, content, old, len(inits))
			if err != nil {
				return nil, nil, err
			}
			if add = append(add, methodValues(rec, p, path, content)...); len(add) > 0 {
				files[path] = append(content, add...)
				inits = append(inits, fs...)
			}
		}
	}
	return files, inits, nil
}

// editedGoFiles are the Go files of a package that may differ from the release's.
func editedGoFiles(p *release.Package, tree *Tree, moved []gotool.Package) (map[string][]byte, error) {
	i := slices.IndexFunc(moved, func(m gotool.Package) bool { return m.ImportPath == p.Import })
	switch {
	case i < 0 && !p.Editable && !tree.Replaced(p.Dir):
		return nil, nil
	case i < 0:
		return changedGoFiles(p, tree)
	}
	out := map[string][]byte{}
	for _, name := range moved[i].GoFiles {
		path := absolute(moved[i].Dir, name)
		b, err := tree.Read(path)
		if err != nil {
			return nil, err
		}
		out[path] = b
	}
	return out, nil
}

// changedGoFiles are the Go files of a package's directory that differ from the release's.
func changedGoFiles(p *release.Package, tree *Tree) (map[string][]byte, error) {
	had := map[string]release.SourceFile{}
	for _, f := range p.Files {
		had[absolute(p.Dir, f.Name)] = f
	}
	names, err := tree.goFiles(p.Dir)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, err
	}
	out := map[string][]byte{}
	for _, path := range names {
		b, err := tree.Read(path)
		if err != nil {
			if os.IsNotExist(err) {
				continue
			}
			return nil, err
		}
		if f, ok := had[path]; ok && (f.Content != nil && bytes.Equal(f.Content, b)) {
			continue
		}
		out[path] = b
	}
	return out, nil
}

// goFiles are the Go files of a directory, tests excluded, with those that an overlay adds.
func (t *Tree) goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		seen[filepath.Join(dir, e.Name())] = true
	}
	for from, to := range t.replace {
		if filepath.Dir(from) == filepath.Clean(dir) {
			seen[from] = to != ""
		}
	}
	var out []string
	for path, ok := range seen {
		if ok && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			out = append(out, path)
		}
	}
	sort.Strings(out)
	return out, nil
}

// initFuncs writes the functions for one file. A file that does not parse is left to the compiler.
func initFuncs(pkg, path string, content []byte, old *Source, number int) ([]byte, []InitFunc, error) {
	src, err := parseSource(pkg, []file{{path, content}})
	if err != nil {
		return nil, nil, nil
	}
	var b bytes.Buffer
	var out []InitFunc
	done := map[*ast.ValueSpec]bool{}
	names := make([]string, 0, len(src.Vars))
	for name := range src.Vars {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		v := src.Vars[name]
		if v.Value == nil || old.Vars[name] != nil || isConstant(v.Value) {
			continue
		}
		vars := []string{name}
		if len(v.Spec.Values) == 1 && len(v.Spec.Names) > 1 {
			if done[v.Spec] {
				continue
			}
			done[v.Spec] = true
			vars = vars[:0]
			for _, id := range v.Spec.Names {
				vars = append(vars, id.Name)
			}
		}
		f := InitFunc{Package: pkg, Func: fmt.Sprintf("%s%d", initPrefix, number+len(out)), File: path, Line: v.Pos.Line}
		for _, n := range vars {
			if n != "_" {
				f.Vars = append(f.Vars, n)
			}
		}
		lo, hi := src.Fset.Position(v.Value.Pos()).Offset, src.Fset.Position(v.Value.End()).Offset
		fmt.Fprintf(&b, "\n//go:noinline\nfunc %s() {\n//line %s:%d\n\t%s = %s\n}\n", f.Func, path, src.Fset.Position(v.Value.Pos()).Line, strings.Join(vars, ", "), content[lo:hi])
		out = append(out, f)
	}
	return b.Bytes(), out, nil
}

// methodValues writes functions that make the method values that the program may hold of methods in one
// file. The compiler writes the code behind a method value, which the method may be inlined in, only where
// one is made; an edit may make none, while those that exist have to reach the new body.
func methodValues(rec *release.Record, p *release.Package, path string, content []byte) []byte {
	src, err := parseSource(p.Import, []file{{path, content}})
	if err != nil {
		return nil
	}
	prefix := goobj.PackagePrefix(p.Path) + "."
	first := sort.Search(len(rec.Symbols), func(i int) bool { return rec.Symbols[i].Name >= prefix })
	var b bytes.Buffer
	for i := first; i < len(rec.Symbols) && strings.HasPrefix(rec.Symbols[i].Name, prefix); i++ {
		decl, ok := strings.CutSuffix(rec.Symbols[i].Name[len(prefix):], "-fm")
		if !ok || src.Funcs[decl] == nil || src.Funcs[decl].Decl.Recv == nil {
			continue
		}
		dot := strings.LastIndexByte(decl, '.')
		fmt.Fprintf(&b, "\nfunc %smethod%d(x %s) interface{} { return x.%s }\n", initPrefix, i, decl[:dot], decl[dot+1:])
	}
	return b.Bytes()
}

// isConstant reports a literal that the compiler puts into the variable's data.
func isConstant(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.BasicLit:
		return true
	case *ast.UnaryExpr:
		return x.Op != token.AND && x.Op != token.ARROW && isConstant(x.X)
	}
	return false
}
