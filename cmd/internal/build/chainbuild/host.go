package chainbuild

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/wire/files"
)

// chainPackage is the package that hosts link.
const chainPackage = "github.com/gosplice/gosplice/chain"

// loaderPackage is added to hosts: it loads plugins.
const loaderPackage = chainPackage + "/loader"

// hostFile is the file that is added to the main package of a host.
const hostFile = "gosplice_chain_host.go"

// Host is a program that was built.
type Host struct {
	File string
	*chainfile.Host
}

// BuildHost builds a program that can load plugins, with a description of what it was built from.
func BuildHost(ctx context.Context, c *gotool.Command, step func(string)) (*Host, error) {
	in, err := read(ctx, c, step)
	if err != nil {
		return nil, err
	}
	b, toolchain, main, t := in.build, in.toolchain, in.main, in.tree
	added, cleanup, err := t.addHostFile(main)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	if t.byPath[chainPackage] == nil {
		return nil, fmt.Errorf("%s does not use %s: make its chain with chain.New", main.ImportPath, chainPackage)
	}
	if !own(t.byPath[main.ImportPath]) {
		return nil, fmt.Errorf("%s belongs to a module that is not being worked on here: build it in its own module, or with a go.work", main.ImportPath)
	}
	if t, err = added.tree(ctx, b); err != nil {
		return nil, err
	}
	sources, err := t.hashes()
	if err != nil {
		return nil, err
	}
	h := &chainfile.Host{Toolchain: *toolchain}
	for _, p := range t.packages {
		if !p.Standard && p.ImportPath != main.ImportPath {
			h.Packages = append(h.Packages, chainfile.Package{Path: p.ImportPath, Sources: sources[p.ImportPath]})
		}
	}
	step("compiling")
	out, err := b.Output(ctx, c.Out)
	if err != nil {
		return nil, err
	}
	if err := added.compile(ctx, b, h, out); err != nil {
		return nil, err
	}
	delete(sources, main.ImportPath) // it has the description in it now
	if err := t.unchanged(sources); err != nil {
		os.Remove(out)
		return nil, err
	}
	return &Host{File: out, Host: h}, hasExports(out)
}

// added is a file that is added to a main package through an overlay.
type added struct {
	file, overlay string
}

// addHostFile adds a file that links the loader to the main package of a host.
func (t *tree) addHostFile(main *gotool.Package) (*added, func(), error) {
	work, err := os.MkdirTemp("", "gosplice-host-")
	if err != nil {
		return nil, nil, err
	}
	a := &added{file: filepath.Join(work, hostFile)}
	replace := map[string]string{filepath.Join(main.Dir, hostFile): a.file}
	maps.Copy(replace, t.replaced)
	merged, remove, err := gotool.MergeOverlay("", replace)
	if err != nil {
		os.RemoveAll(work)
		return nil, nil, err
	}
	a.overlay = merged
	cleanup := func() {
		remove()
		os.RemoveAll(work)
	}
	if err := a.write(""); err != nil {
		cleanup()
		return nil, nil, err
	}
	return a, cleanup, nil
}

// write writes the file with a description of the host.
func (a *added) write(description string) error {
	text := "package main\n\nimport gospliceloader " + strconv.Quote(loaderPackage) + "\n\nfunc init() { gospliceloader.DescribeHost(" + strconv.Quote(description) + ") }\n"
	return os.WriteFile(a.file, []byte(text), 0o600)
}

// in is a build with the file.
func (a *added) in(b *gotool.Build) *gotool.Build {
	with := *b
	with.Flags = append(slices.DeleteFunc(slices.Clone(b.Flags), isOverlay), "-overlay="+a.overlay)
	return &with
}

// tree lists what a build is made of with the file.
func (a *added) tree(ctx context.Context, b *gotool.Build) (*tree, error) {
	return readTree(ctx, a.in(b))
}

// compile compiles a host that describes itself.
func (a *added) compile(ctx context.Context, b *gotool.Build, h *chainfile.Host, out string) error {
	text, err := h.Encode()
	if err != nil {
		return err
	}
	if err := a.write(text); err != nil {
		return err
	}
	return a.in(b).Compile(ctx, out, nil, nil)
}

// hasExports makes sure that a host can load plugins at all.
func hasExports(program string) error {
	_, exports, err := ReadHost(program)
	if err == nil && len(exports) == 0 {
		err = fmt.Errorf("%s has no symbols for plugins, although it was built with cgo: report this with the command line", program)
	}
	return err
}

// ReadHost reads from a program what it was built from, and Go's hashes of its packages.
func ReadHost(program string) (*chainfile.Host, map[string]string, error) {
	f, info, err := files.OpenRegular(program)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	h, err := chainfile.FindHost(f, info.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", program, err)
	}
	exports, err := chainfile.Exports(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", program, err)
	}
	return h, exports, nil
}
