package chainbuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/gosplice/gosplice/internal/chainfile"
	"github.com/gosplice/gosplice/internal/gotool"
)

// chainPackage is the package that hosts link.
const chainPackage = "github.com/gosplice/gosplice/chain"

// hostFile is the file that is added to the main package of a host.
const hostFile = "gosplice_chain_host.go"

// Host is a program that was built.
type Host struct {
	File string
	*chainfile.Host
}

// BuildHost builds a program that can load plugins, with a description of what it was built from.
func BuildHost(ctx context.Context, c *gotool.Command, step func(string)) (*Host, error) {
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
	if t.byPath[chainPackage] == nil {
		return nil, fmt.Errorf("%s does not use %s: make its chain with chain.New", main.ImportPath, chainPackage)
	}
	if !own(t.byPath[main.ImportPath]) {
		return nil, fmt.Errorf("%s belongs to a module that is not being worked on here: build it in its own module, or with a go.work", main.ImportPath)
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
	if err := compileHost(ctx, b, t, main, h, out); err != nil {
		return nil, err
	}
	if err := t.unchanged(sources); err != nil {
		os.Remove(out)
		return nil, err
	}
	return &Host{File: out, Host: h}, hasExports(out)
}

// compileHost compiles a host with a file that describes it.
func compileHost(ctx context.Context, b *gotool.Build, t *tree, main *gotool.Package, h *chainfile.Host, out string) error {
	text, err := h.Encode()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gosplice-host-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, hostFile)
	content := "package main\n\nimport gosplicechain " + strconv.Quote(chainPackage) + "\n\nfunc init() { gosplicechain.DescribeHost(" + strconv.Quote(text) + ") }\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		return err
	}
	overlay := map[string]string{filepath.Join(main.Dir, hostFile): file}
	for from, to := range t.replaced {
		overlay[from] = to
	}
	merged, cleanup, err := gotool.MergeOverlay("", overlay)
	if err != nil {
		return err
	}
	defer cleanup()
	build := *b
	build.Flags = append(slices.DeleteFunc(slices.Clone(b.Flags), isOverlay), "-overlay="+merged)
	return build.Compile(ctx, out, nil, nil)
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
	f, err := os.Open(program)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
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
