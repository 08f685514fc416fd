package chainbuild

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// versioned is a plugin whose logic is compiled under import paths of one build: the identity is
// appended to each, so that a package is seen by the same packages as before.
type versioned struct {
	tree     *tree
	main     *gotool.Package
	logic    map[string]bool
	identity string
}

// path is the import path of a package in this build.
func (v *versioned) path(importPath string) string {
	if v.logic[importPath] {
		return importPath + "/" + v.identity
	}
	return importPath
}

// names are the packages that are versioned.
func (v *versioned) names() []string { return slices.Sorted(maps.Keys(v.logic)) }

// glueFile is the file that is added to the main package.
const glueFile = "gosplice_entry.go"

// build compiles the plugin and writes it to out, with the manifest behind it.
func (v *versioned) build(ctx context.Context, b *gotool.Build, e *entry, m *chainfile.Manifest, sources map[string]string, out string, o PluginOptions) (*Plugin, error) {
	work, err := os.MkdirTemp("", "gosplice-plugin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	overlay, err := v.overlay(work, e)
	if err != nil {
		return nil, err
	}
	file, cleanup, err := gotool.MergeOverlay("", overlay)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	plugin := filepath.Join(work, "plugin.so")
	build := *b
	build.Packages = []string{m.Path}
	build.Flags = append(slices.DeleteFunc(slices.Clone(b.Flags), isOverlay), "-overlay="+file)
	if err := build.Compile(ctx, plugin, []string{"-buildmode=plugin"}, nil); err != nil {
		return nil, v.inUserTerms(err)
	}
	if err := v.tree.unchanged(sources); err != nil {
		return nil, err
	}
	if err := describe(plugin, m, v, sources); err != nil {
		return nil, err
	}
	if o.Host != nil {
		loaded := chainfile.Loaded{Host: o.Host, Exports: o.Exports}
		if err := loaded.Fits(m); err != nil {
			return nil, refusal(err)
		}
	}
	return seal(plugin, out, m, o)
}

func isOverlay(flag string) bool { return len(flag) >= 9 && flag[:9] == "-overlay=" }

// overlay puts the logic under its versioned paths. Files without an import of logic stay where they are.
func (v *versioned) overlay(work string, e *entry) (map[string]string, error) {
	overlay := maps.Clone(v.tree.replaced)
	if overlay == nil {
		overlay = make(map[string]string)
	}
	n := 0
	write := func(content []byte) (string, error) {
		n++
		name := filepath.Join(work, strconv.Itoa(n)+".go")
		return name, os.WriteFile(name, content, 0o600)
	}
	for _, path := range v.names() {
		p := v.tree.byPath[path]
		dir := filepath.Join(p.Dir, v.identity)
		for _, name := range filesOf(p) {
			overlay[filepath.Join(dir, name)] = v.tree.content(filepath.Join(p.Dir, name))
		}
		for _, name := range p.GoFiles {
			content, err := v.tree.read(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			changed, err := v.rewriteImports(p, name, content)
			if err != nil {
				return nil, err
			}
			if changed == nil {
				continue
			}
			if overlay[filepath.Join(dir, name)], err = write(changed); err != nil {
				return nil, err
			}
		}
	}
	glue, err := write([]byte(e.glue()))
	if err != nil {
		return nil, err
	}
	overlay[filepath.Join(v.main.Dir, v.identity, glueFile)] = glue
	return overlay, nil
}

// rewriteImports makes a file import logic under its versioned paths. Lines stay where they are. The
// result is nil when there is nothing to change.
func (v *versioned) rewriteImports(p *gotool.Package, name string, content []byte) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, content, parser.ImportsOnly|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	specs := slices.Clone(f.Imports)
	sort.Slice(specs, func(i, j int) bool { return specs[i].Pos() > specs[j].Pos() })
	changed := false
	content = slices.Clone(content)
	for _, spec := range specs {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fset.Position(spec.Pos()), err)
		}
		if to, ok := p.ImportMap[path]; ok {
			path = to
		}
		if !v.logic[path] {
			continue
		}
		from, to := fset.PositionFor(spec.Path.Pos(), false).Offset, fset.PositionFor(spec.Path.End(), false).Offset
		content = slices.Replace(content, from, to, []byte(strconv.Quote(v.path(path)))...)
		changed = true
	}
	if !changed {
		return nil, nil
	}
	return content, nil
}
