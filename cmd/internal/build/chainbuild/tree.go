package chainbuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// tree is a main package with everything that it depends on.
type tree struct {
	packages []gotool.Package // in the order of dependencies
	byPath   map[string]*gotool.Package
	// replaced is what the user's own overlay puts in the place of files.
	replaced map[string]string
}

// input is what a plugin or a host is built from.
type input struct {
	build     *gotool.Build
	toolchain *chainfile.Toolchain
	main      *gotool.Package
	tree      *tree
}

// read reads the input of a build, which has to be of one main package, by a toolchain that can build plugins.
func read(ctx context.Context, c *gotool.Command, step func(string)) (*input, error) {
	step("reading the packages")
	b, toolchain, err := settings(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := hasPlugins(toolchain); err != nil {
		return nil, err
	}
	main, err := mainPackage(ctx, b)
	if err != nil {
		return nil, err
	}
	t, err := readTree(ctx, b)
	if err != nil {
		return nil, err
	}
	return &input{b, toolchain, main, t}, nil
}

// mainPackage finds the package that a command names.
func mainPackage(ctx context.Context, b *gotool.Build) (*gotool.Package, error) {
	found, err := b.Find(ctx)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s is not one package: name the directory or the import path of one main package", strings.Join(b.Packages, " "))
	}
	if found[0].Name != "main" {
		return nil, fmt.Errorf("%s is a library (package %s), and Go builds plugins and programs from main packages only: add a package main beside it, for a plugin with func Entry, and name that one", found[0].ImportPath, found[0].Name)
	}
	return &found[0], nil
}

// readTree lists what a build is made of.
func readTree(ctx context.Context, b *gotool.Build) (*tree, error) {
	packages, err := b.Resolve(ctx, "")
	if err != nil {
		return nil, err
	}
	t := &tree{packages: packages, byPath: make(map[string]*gotool.Package, len(packages))}
	for i := range packages {
		t.byPath[packages[i].ImportPath] = &packages[i]
	}
	for _, f := range b.Flags {
		if file, ok := strings.CutPrefix(f, "-overlay="); ok {
			if !filepath.IsAbs(file) {
				file = filepath.Join(b.Dir, file)
			}
			if t.replaced, err = gotool.ReadOverlay(file); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// content is the file to read for a file of a package.
func (t *tree) content(path string) string {
	if to, ok := t.replaced[path]; ok {
		return to
	}
	return path
}

func (t *tree) read(path string) ([]byte, error) { return os.ReadFile(t.content(path)) }

// own says whether a package belongs to a module that is being worked on: only in those the go
// command takes overlays.
func own(p *gotool.Package) bool { return p.Module != nil && p.Module.Main }

// imports are the import paths of the packages that p imports, as they are resolved.
func imports(p *gotool.Package) []string {
	paths := slices.Clone(p.Imports)
	for i, path := range paths {
		if to, ok := p.ImportMap[path]; ok {
			paths[i] = to
		}
	}
	return paths
}

// filesOf are the names of all files that a package is made from.
func filesOf(p *gotool.Package) []string {
	var names []string
	for _, list := range [][]string{p.GoFiles, p.CgoFiles, p.SFiles, p.CFiles, p.CXXFiles, p.HFiles, p.SysoFiles, p.EmbedFiles} {
		names = append(names, list...)
	}
	return names
}
