package edit

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"

	"github.com/gosplice/gosplice/internal/gotool"
)

// checker type-checks declarations of packages from source; what they import comes from export
// data, or from source when it is among the packages to be checked.
type checker struct {
	sources map[string]*Source // by import path
	exports map[string]*gotool.Package
	done    map[string]*types.Package
	info    map[string]*types.Info // of packages that were checked with bodies
	faulty  map[string]bool        // those of them that have errors
	fset    *token.FileSet
	binary  types.Importer
	version string
}

func newChecker(sources map[string]*Source, packages []gotool.Package, version string) *checker {
	c := &checker{sources: sources, exports: map[string]*gotool.Package{}, done: map[string]*types.Package{}, faulty: map[string]bool{}, fset: token.NewFileSet(), version: version}
	for i := range packages {
		c.exports[packages[i].ImportPath] = &packages[i]
	}
	c.binary = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		p := c.exports[path]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("no export data of package %s", path)
		}
		return os.Open(p.Export)
	})
	return c
}

// Sizes of the platforms that are supported, which are equal.
var sizes = types.SizesFor("gc", "amd64")

// check returns the package's declarations; bodies are not looked at. Errors are left out: the
// compiler has accepted the source, and what is missing is only not compared here.
func (c *checker) check(path string) *types.Package {
	if p, ok := c.done[path]; ok {
		return p
	}
	s := c.sources[path]
	if s == nil {
		p, err := c.binary.Import(path)
		if err != nil {
			p = types.NewPackage(path, "_")
		}
		c.done[path] = p
		return p
	}
	c.done[path] = types.NewPackage(path, "_") // against cycles in damaged trees
	conf := types.Config{
		Importer: packageImporter{c, path}, IgnoreFuncBodies: true, FakeImportC: true, Sizes: sizes,
		Error: func(error) {},
	}
	p, _ := conf.Check(path, s.Fset, s.Files, nil)
	if p == nil {
		p = c.done[path]
	}
	c.done[path] = p
	return p
}

type packageImporter struct {
	c    *checker
	from string
}

func (i packageImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if p := i.c.exports[i.from]; p != nil {
		if to, ok := p.ImportMap[path]; ok {
			path = to
		}
	}
	return i.c.check(path), nil
}

// bodies checks the whole package, function bodies included.
func (c *checker) bodies(path string) *types.Info {
	if i, ok := c.info[path]; ok {
		return i
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Instances: map[*ast.Ident]types.Instance{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	if s := c.sources[path]; s != nil {
		conf := types.Config{Importer: packageImporter{c, path}, FakeImportC: true, Sizes: sizes, Error: func(error) { c.faulty[path] = true }}
		conf.Check(path, s.Fset, s.Files, info)
	}
	if c.info == nil {
		c.info = map[string]*types.Info{}
	}
	c.info[path] = info
	return info
}

// initOrder lists the package's variables in the order in which they have to be initialised.
func (c *checker) initOrder(path string) []string {
	var out []string
	for _, i := range c.bodies(path).InitOrder {
		for _, v := range i.Lhs {
			out = append(out, v.Name())
		}
	}
	return out
}
