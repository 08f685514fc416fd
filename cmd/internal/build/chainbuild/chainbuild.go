// Package chainbuild builds the plugins of chains, and the programs that load them. The packages
// that are logic are compiled under import paths that no other build has, through an overlay: nothing is
// written into the user's tree.
package chainbuild

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/live/chains"
)

// ErrRefused is matched by errors about plugins that the host would not take.
var ErrRefused = errors.New("refused")

// PluginOptions say what to build.
type PluginOptions struct {
	Chain, Version string
	// Command is the go build command: flags, the output file, and the plugin's main package.
	Command *gotool.Command
	// Logic are the packages that are versioned beside the main package, as patterns of import paths
	// (a/b, a/b/...) or of directories (./logic/...). The packages below the main package's
	// directory always are.
	Logic []string
	// Host is what the program was built from, or nil if it is not known: the program refuses
	// then what does not fit.
	Host *chainfile.Host
	// Exports are Go's hashes of the packages in Host.
	Exports map[string]string
	// Key signs the plugin and may be nil.
	Key ed25519.PrivateKey
	// Reproducible gives builds of equal sources an equal identity, so that only one of them can be
	// in a process.
	Reproducible bool
	// Made says by what and when it is built.
	Made string
	// Step is told what is done next, and may be nil.
	Step func(what string)
}

// Plugin is what was built.
type Plugin struct {
	File string // path
	Size int64  // bytes
	ID   string
	chainfile.Manifest
	// Brought are the packages that the host does not have, of those outside of the standard
	// library: they are shared from the first version that brings them. Nil if the host is not known.
	Brought []string
	// Packages are all that it was built from, as they are in the source.
	Packages []gotool.Package
}

// BuildPlugin builds a plugin.
func BuildPlugin(ctx context.Context, o PluginOptions) (*Plugin, error) {
	if err := errors.Join(chains.CheckName(o.Chain), chains.CheckVersion(o.Version)); err != nil {
		return nil, err
	}
	step := o.Step
	if step == nil {
		step = func(string) {}
	}
	in, err := read(ctx, o.Command, step)
	if err != nil {
		return nil, err
	}
	b, toolchain, main, tree := in.build, in.toolchain, in.main, in.tree
	logic, err := tree.logic(b, main, o.Logic)
	if err != nil {
		return nil, err
	}
	entry, err := findEntry(tree, main, logic)
	if err != nil {
		return nil, err
	}
	sources, err := tree.hashes()
	if err != nil {
		return nil, err
	}
	tag := newTag(o.Reproducible, sources, toolchain)
	v := &versioned{tree: tree, main: main, logic: logic, identity: chains.IdentityOf(o.Chain, o.Version, tag)}
	m := &chainfile.Manifest{
		Chain: o.Chain, Version: o.Version, Identity: v.identity, Path: v.path(main.ImportPath), Table: entry.table,
		Logic: v.names(), Toolchain: *toolchain, Made: o.Made,
	}
	// Before the compiler: it takes long, and most of what does not fit shows now.
	if o.Host != nil {
		if err := fitsEarly(o, m, tree, logic, sources); err != nil {
			return nil, err
		}
	}
	step("compiling")
	out := output(b, o.Command.Out, o.Chain, o.Version)
	p, err := v.build(ctx, b, entry, m, sources, out, o)
	if err != nil {
		return nil, err
	}
	if o.Host != nil {
		p.Brought = brought(o.Host, m)
	}
	p.Packages = tree.packages
	return p, nil
}

// output is the file to write for the value of -o.
func output(b *gotool.Build, out, chain, version string) string {
	name := chains.FileName(chain, version)
	switch {
	case out == "":
		out = name
	case strings.HasSuffix(out, string(filepath.Separator)) || isDir(filepath.Join(b.Dir, out)) && !filepath.IsAbs(out) || isDir(out):
		out = filepath.Join(out, name)
	}
	if filepath.IsAbs(out) {
		return out
	}
	return filepath.Join(b.Dir, out)
}

// fitsEarly compares sources with the host's before anything is compiled.
func fitsEarly(o PluginOptions, m *chainfile.Manifest, t *tree, logic map[string]bool, sources map[string]string) error {
	early := *m
	for _, p := range t.packages {
		if !p.Standard && !logic[p.ImportPath] {
			early.Shared = append(early.Shared, chainfile.Package{Path: p.ImportPath, Sources: sources[p.ImportPath]})
		}
	}
	// The compiler's hashes are not known yet.
	exports := make(map[string]string)
	for path := range o.Exports {
		exports[path] = ""
	}
	loaded := chainfile.Loaded{Host: o.Host, Exports: exports}
	return refusal(loaded.Fits(&early))
}

// refusal marks what the host would refuse.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	return &refusedError{err}
}

// refusedError is an error that is ErrRefused without saying it.
type refusedError struct{ error }

func (e *refusedError) Is(target error) bool { return target == ErrRefused }
func (e *refusedError) Unwrap() error        { return e.error }

// brought are the packages of a plugin that its host does not have.
func brought(h *chainfile.Host, m *chainfile.Manifest) []string {
	in := make(map[string]bool)
	for _, p := range h.Packages {
		in[p.Path] = true
	}
	list := []string{}
	for _, p := range m.Shared {
		if p.Sources != "" && !in[p.Path] {
			list = append(list, p.Path)
		}
	}
	return list
}
