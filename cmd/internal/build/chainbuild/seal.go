package chainbuild

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// describe adds to the manifest what only the linked plugin tells.
func describe(plugin string, m *chainfile.Manifest, v *versioned, sources map[string]string) error {
	f, err := os.Open(plugin)
	if err != nil {
		return err
	}
	defer f.Close()
	if m.Memory, err = chainfile.Memory(f); err != nil {
		return fmt.Errorf("the plugin that the go command made: %w", err)
	}
	exports, err := chainfile.Exports(f)
	if err != nil {
		return fmt.Errorf("the plugin that the go command made: %w", err)
	}
	own := make(map[string]bool)
	for path := range v.logic {
		own[v.path(path)] = true
	}
	for _, path := range slices.Sorted(maps.Keys(exports)) {
		if own[path] || path == "main" {
			continue
		}
		if v.tree.byPath[path] == nil && !linkedUnasked(path) {
			return fmt.Errorf("the plugin holds a package %s, which the go command did not list: report this with the command line", path)
		}
		m.Shared = append(m.Shared, chainfile.Package{Path: path, Sources: sources[path], Export: exports[path]})
	}
	return nil
}

// linkedUnasked says whether the linker may add a package that nothing imports: runtime/cgo and the like,
// of the standard library, whose import paths begin with no host name.
func linkedUnasked(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// seal writes a plugin with its manifest to out, which appears as a whole.
func seal(plugin, out string, m *chainfile.Manifest, o PluginOptions) (*Plugin, error) {
	f, err := os.OpenFile(plugin, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	end, err := chainfile.Seal(f, m, o.Key)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(end); err != nil { // behind what Seal has read
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	read, err := chainfile.Read(f, info.Size())
	if err != nil {
		return nil, err
	}
	if err := move(plugin, out); err != nil {
		return nil, err
	}
	return &Plugin{File: out, Size: info.Size(), ID: read.ID, Manifest: read.Manifest}, nil
}

// move puts a file into its place. A file that was there is replaced, not overwritten: somebody may
// have it mapped.
func move(from, to string) error {
	if err := os.Chmod(from, 0o644); err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(to)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// inUserTerms names packages and files in a compiler's message as the user knows them.
func (v *versioned) inUserTerms(err error) error {
	var compile *gotool.CompileError
	if !errors.As(err, &compile) {
		return err
	}
	plain := func(s string) string { return strings.ReplaceAll(s, "/"+v.identity, "") }
	c := &gotool.CompileError{Package: plain(compile.Package), Stderr: plain(compile.Stderr)}
	for _, line := range compile.Lines {
		c.Lines = append(c.Lines, plain(line))
	}
	return c
}
