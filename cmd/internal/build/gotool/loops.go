package gotool

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/version"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/loops"
)

// LoopPackages are the packages whose loops a build with Loops writes otherwise: those of main modules, in a program that has
// package gosplice, but for what that needs itself, what has cgo, what is in a language without loops over functions, and what
// has sources that a package embeds.
func LoopPackages(packages []Package) map[string]bool {
	byPath := map[string]*Package{}
	for i := range packages {
		byPath[packages[i].ImportPath] = &packages[i]
	}
	needed := map[string]bool{}
	var need func(path string)
	need = func(path string) {
		p := byPath[path]
		if p == nil || needed[path] {
			return
		}
		needed[path] = true
		for _, i := range p.Imports {
			need(cmp.Or(p.ImportMap[i], i))
		}
	}
	if need(loops.Module); len(needed) == 0 {
		return nil
	}
	embedded := map[string]bool{}
	for _, p := range packages {
		for _, name := range p.EmbedFiles {
			if strings.HasSuffix(name, ".go") {
				embedded[inDir(p.Dir, name)] = true
			}
		}
	}
	out := map[string]bool{}
	for _, p := range packages {
		shown := slices.ContainsFunc(p.GoFiles, func(name string) bool { return embedded[inDir(p.Dir, name)] })
		if p.Module != nil && p.Module.Main && !p.Standard && !needed[p.ImportPath] && len(p.CgoFiles) == 0 && !shown && overFunctions(p.Module) {
			out[p.ImportPath] = true
		}
	}
	return out
}

// overFunctions reports a module in whose language there are loops over functions.
func overFunctions(m *Module) bool {
	return version.Compare("go"+m.GoVersion, loops.Language) >= 0
}

// loopFiles are the files of packages that are compiled in the place of others, as loops.Rewrite makes them.
type loopFiles struct {
	dir     string
	replace map[string]string // files by those in whose place they are
}

// writeLoops writes what a package compiles otherwise into files in a directory. read reads a file of the package.
func (l *loopFiles) writeLoops(p *Package, read func(path string) ([]byte, error)) error {
	files := map[string][]byte{}
	for _, name := range p.GoFiles {
		path := inDir(p.Dir, name)
		text, err := read(path)
		if err != nil {
			return err
		}
		files[path] = text
	}
	rewritten := loops.Rewrite(files)
	for _, path := range slices.Sorted(maps.Keys(rewritten)) {
		to := filepath.Join(l.dir, fmt.Sprintf("%d-%s", len(l.replace), filepath.Base(path)))
		l.replace[path] = to
		if err := os.WriteFile(to, rewritten[path], 0o600); err != nil {
			return err
		}
	}
	return nil
}

func inDir(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// withLoops is an overlay with the loops of the build's packages beside what is in overlay, or in that of the build's
// flags. done removes it.
func (b *Build) withLoops(ctx context.Context, overlay string) (file string, l *loopFiles, done func(), err error) {
	plain := *b
	plain.Loops = false
	packages, err := plain.Resolve(ctx, overlay)
	if err != nil {
		return "", nil, nil, err
	}
	overlay = cmp.Or(overlay, b.overlayFlag())
	replace := map[string]string{}
	if overlay != "" {
		if !filepath.IsAbs(overlay) {
			overlay = filepath.Join(b.Dir, overlay)
		}
		given, err := ReadOverlay(overlay)
		if err != nil {
			return "", nil, nil, err
		}
		for from, to := range given {
			replace[inDir(b.Dir, from)] = inDir(b.Dir, to)
		}
	}
	l = &loopFiles{replace: map[string]string{}}
	if l.dir, err = os.MkdirTemp("", "gosplice-loops-"); err != nil {
		return "", nil, nil, err
	}
	remove := func() { os.RemoveAll(l.dir) }
	is := LoopPackages(packages)
	for i := range packages {
		if !is[packages[i].ImportPath] {
			continue
		}
		if err := l.writeLoops(&packages[i], func(path string) ([]byte, error) { return os.ReadFile(cmp.Or(replace[path], path)) }); err != nil {
			remove()
			return "", nil, nil, err
		}
	}
	file, drop, err := MergeOverlay(overlay, l.replace)
	if err != nil {
		remove()
		return "", nil, nil, err
	}
	return file, l, func() { drop(); remove() }, nil
}

// overlayFlag is the overlay that the flags of the build or GOFLAGS name.
func (b *Build) overlayFlag() (file string) {
	for _, f := range append(strings.Fields(os.Getenv("GOFLAGS")), b.Flags...) {
		if v, ok := strings.CutPrefix(strings.TrimLeft(f, "-"), "overlay="); ok {
			file = v
		}
	}
	return file
}

// asWritten gives messages of the compiler the names of the files that people know.
func (l *loopFiles) asWritten(dir string, messages []byte) []byte {
	if l == nil || len(l.replace) == 0 || !bytes.Contains(messages, []byte(filepath.Base(l.dir))) {
		return messages
	}
	var names []string // in one pass: there may be megabytes of messages, and hundreds of files
	for from, to := range l.replace {
		names = append(names, relativeTo(dir, to)+":", from+":", to+":", from+":")
	}
	return []byte(strings.NewReplacer(names...).Replace(string(messages)))
}

// relativeTo is a file as the go command names it when it runs in dir.
func relativeTo(dir, file string) string {
	at, err := filepath.Abs(dir)
	if err != nil {
		return file
	}
	rel, err := filepath.Rel(at, file)
	if err != nil {
		return file
	}
	return rel
}

// LoopError says that the sources compile, but not as they are with other loops.
type LoopError struct{ Compile *CompileError }

func (e *LoopError) Error() string {
	return fmt.Sprintf("%s: that is in a loop as --loops writes it, and the sources as they are compile: put the comment %s before the loop, or use --no-loops", e.Compile.Error(), loops.Plain)
}

// Detail is all that the go command wrote.
func (e *LoopError) Detail() string { return e.Compile.Stderr }

// compiled says of an error of a build with Loops what it is of: the error of the sources themselves, if they have one.
func (b *Build) compiled(ctx context.Context, l *loopFiles, overlay string, err error) error {
	var wrong *CompileError
	if !errors.As(err, &wrong) {
		return err
	}
	plain := *b
	plain.Loops = false
	if _, err := plain.List(ctx, overlay); err != nil {
		return err
	}
	named := *wrong
	named.Lines = slices.Clone(wrong.Lines)
	for i, line := range named.Lines {
		named.Lines[i] = string(l.asWritten(b.Dir, []byte(line)))
	}
	named.Stderr = string(l.asWritten(b.Dir, []byte(wrong.Stderr)))
	return &LoopError{&named}
}
