package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// What is compiled a second time, to add something to it, has to be what was compiled before, and nothing that was
// added may get lost: a method without its new body or a variable without its value would run as if it was right.

// samePlace reports whether a package lies where it lay.
func samePlace(p, q gotool.Package) bool {
	return p.ImportPath == q.ImportPath && filepath.Clean(p.Dir) == filepath.Clean(q.Dir)
}

// sameBuild checks that the go command found the same packages twice, and made the same of those to which nothing was
// added.
func sameBuild(first, second *built) error {
	if len(first.packages) != len(second.packages) {
		return fmt.Errorf("the build has %d packages, and had %d when it was compiled before: %w", len(second.packages), len(first.packages), ErrChanging)
	}
	touched := map[string]bool{}
	for i, q := range second.packages { // dependencies first
		p := first.packages[i]
		if !samePlace(p, q) || release.ModuleOf(p) != release.ModuleOf(q) || !sameFiles(p, q) {
			return fmt.Errorf("package %s in %s was not compiled from the same files twice: %w", q.ImportPath, q.Dir, ErrChanging)
		}
		if first.touches(p) || second.touches(q) || slices.ContainsFunc(q.Imports, func(path string) bool { return touched[imported(q, path)] }) {
			touched[q.ImportPath] = true
			continue
		}
		if release.ContentID(p.BuildID) != release.ContentID(q.BuildID) {
			return fmt.Errorf("package %s in %s was compiled twice, with two results: %w", q.ImportPath, q.Dir, ErrChanging)
		}
	}
	return nil
}

func sameFiles(p, q gotool.Package) bool {
	return slices.Equal(p.GoFiles, q.GoFiles) && slices.Equal(p.CgoFiles, q.CgoFiles) && slices.Equal(p.SFiles, q.SFiles) &&
		slices.Equal(p.CFiles, q.CFiles) && slices.Equal(p.EmbedFiles, q.EmbedFiles)
}

// imported is the import path for which a package's source has path.
func imported(p gotool.Package, path string) string {
	if to, ok := p.ImportMap[path]; ok {
		return to
	}
	return path
}

// touches reports whether something is added to a package, or it is compiled in another place.
func (b *built) touches(p gotool.Package) bool {
	return slices.ContainsFunc(b.outside, func(m *gotool.Module) bool { return within(p.Dir, m.Dir) }) ||
		slices.ContainsFunc(p.GoFiles, func(name string) bool { return b.added.Files[fileOf(p, name)] != nil })
}

// errNotCompiled says what to do when what was added does not come out of the compiler.
var errNotCompiled = errors.New("replace its module by a copy of it, or restart")

// allCompiled checks that the files of some packages to which something was added are compiled. Of other packages
// build constraints may leave them out.
func allCompiled(additions *edit.Additions, of, packages []gotool.Package) error {
	compiled := map[string]bool{}
	for _, p := range packages {
		for _, name := range p.GoFiles {
			compiled[fileOf(p, name)] = true
		}
	}
	for _, p := range of {
		for _, name := range p.GoFiles {
			if file := fileOf(p, name); additions.Files[file] != nil && !compiled[file] {
				return fmt.Errorf("%s: a patch has to add to this file, which the build does not compile from there: %w", file, errNotCompiled)
			}
		}
	}
	return nil
}

// addedFunc finds the functions in the text that is added to a file.
var addedFunc = regexp.MustCompile(`(?m)^func (\w+)\(`)

// allDefined checks that every function that was added came out of the compiler.
func allDefined(e *edit.Edit, b *built) error {
	for i, p := range b.packages {
		prefix := goobj.PackagePrefix(p.ImportPath) + "."
		if i == len(b.packages)-1 {
			prefix = "main."
		}
		for _, name := range p.GoFiles {
			for _, m := range addedFunc.FindAllSubmatch(b.added.Files[fileOf(p, name)], -1) {
				f := string(m[1])
				if !edit.IsAdded(f) {
					continue
				}
				if y, ok := e.Set.Lookup(prefix+f, goobj.ABIInternal); !ok || !e.Set.Defined(y) {
					return fmt.Errorf("%s: the compiler was not given %s, which a patch has to add: %w", fileOf(p, name), strings.TrimPrefix(prefix+f, "main."), errNotCompiled)
				}
			}
		}
	}
	return nil
}
