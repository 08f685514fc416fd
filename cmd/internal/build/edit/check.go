package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// checker type-checks declarations of packages from source; what they import comes from export
// data, or from source when it is among the packages to be checked.
type checker struct {
	sources map[string]*Source // by import path
	imports *imports
	done    map[string]*types.Package
	info    map[string]*types.Info // of packages that were checked with bodies
	faulty  map[string]bool        // those of them that have errors, or use what is not known
	version string

	// gone finds the sources of a package that the build does not have; nil if nothing is to be found.
	gone func(path string) (*Source, error)
	// vendored is the path of what such a package imports, which the standard library may have a copy of.
	vendored   func(path string) string
	lasting    func(path string) bool // reports a package of the standard library that the build does not have
	missing    map[string]string      // why a package was not found, by import path
	unknown    unknowns
	bodyErrors map[string]checkErrors // of packages that were checked with bodies
}

func newChecker(sources map[string]*Source, imports *imports, version string) *checker {
	return &checker{
		sources: sources, imports: imports, done: map[string]*types.Package{}, faulty: map[string]bool{}, version: version,
		missing: map[string]string{}, unknown: unknowns{}, bodyErrors: map[string]checkErrors{},
	}
}

// imports are declarations that come from export data. Both versions of a program share those of packages that
// are the same in both.
type imports struct {
	exports map[string]*gotool.Package // of the build that is looked at
	read    map[string]string          // the files that were read, by import path
	binary  types.Importer
	// gone are packages of the standard library that were checked from source, since the build does without them. What
	// they import is never a package that is edited.
	gone map[string]*types.Package
}

func newImports() *imports {
	i := &imports{}
	i.forget()
	return i
}

func (i *imports) forget() {
	i.read, i.gone = map[string]string{}, map[string]*types.Package{}
	i.binary = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		p := i.exports[path]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("no export data of package %s", path)
		}
		i.read[path] = p.Export
		return os.Open(p.Export)
	})
}

// of makes the imports those of a build. What was read stays if the build has all of it in the same files, which the
// go command names after their content; a package that depends on another one has another file when that one has.
func (i *imports) of(packages []gotool.Package) {
	i.exports = map[string]*gotool.Package{}
	for n := range packages {
		i.exports[packages[n].ImportPath] = &packages[n]
	}
	for path, file := range i.read {
		if p := i.exports[path]; p == nil || p.Export != file {
			i.forget()
			return
		}
	}
	for path := range i.gone {
		if i.exports[path] != nil {
			i.forget()
			return
		}
	}
}

// Sizes of the platforms that are supported, which are equal.
var sizes = types.SizesFor("gc", "amd64")

// check returns the package's declarations; bodies are not looked at. The compiler has accepted the source, so an error
// says that something was not found, and unknown tells what depends on it.
func (c *checker) check(path string) *types.Package {
	if p, ok := c.done[path]; ok {
		return p
	}
	if p := c.imports.gone[path]; p != nil && c.gone != nil {
		c.done[path] = p
		return p
	}
	s, err := c.source(path)
	if s == nil {
		var p *types.Package
		if err == nil {
			p, err = c.imports.binary.Import(path)
		}
		if err != nil {
			p = types.NewPackage(path, "_")
			c.missing[path] = err.Error()
		}
		c.done[path] = p
		return p
	}
	c.done[path] = types.NewPackage(path, "_") // against cycles in damaged trees
	var errs checkErrors
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{
		Importer: packageImporter{c, path}, IgnoreFuncBodies: true, FakeImportC: true, Sizes: sizes,
		Error: errs.add,
	}
	p, _ := conf.Check(path, s.Fset, s.Files, info)
	if p == nil {
		p = c.done[path]
	}
	c.declare(s.Files, info, errs)
	c.done[path] = p
	if len(errs) == 0 && c.lasting != nil && c.lasting(path) {
		c.imports.gone[path] = p
	}
	return p
}

// source is the source of a package, nil for one that has export data.
func (c *checker) source(path string) (*Source, error) {
	if s := c.sources[path]; s != nil || c.gone == nil {
		return s, nil
	}
	if p := c.imports.exports[path]; p != nil && p.Export != "" {
		return nil, nil
	}
	s, err := c.gone(path)
	if err == nil {
		c.sources[path] = s
	}
	return s, err
}

type packageImporter struct {
	c    *checker
	from string
}

func (i packageImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	written := path
	if p := i.c.imports.exports[i.from]; p != nil {
		if to, ok := p.ImportMap[path]; ok {
			path = to
		}
	} else if i.c.vendored != nil {
		path = i.c.vendored(path)
	}
	p := i.c.check(path)
	if why := i.c.missing[path]; why != "" {
		i.c.missing[written] = why
		return nil, errors.New(why) // the checker puts an empty package in its place, and says no more of it
	}
	return p, nil
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
		var errs checkErrors
		conf := types.Config{Importer: packageImporter{c, path}, FakeImportC: true, Sizes: sizes, Error: func(err error) {
			c.faulty[path] = true
			errs.add(err)
		}}
		conf.Check(path, s.Fset, s.Files, info)
		c.declare(s.Files, info, errs)
		c.bodyErrors[path] = errs
		for _, o := range info.Uses {
			c.faulty[path] = c.faulty[path] || c.notKnown(o) != ""
		}
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
