package release

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// ModuleOf is the module of a package as path@version, with what another version is taken for; ""
// where there is none.
func ModuleOf(p gotool.Package) string {
	m := p.Module
	if m == nil {
		return ""
	}
	name := m.Path + "@" + m.Version
	if m.Replace != nil && m.Replace.Version != "" {
		name += " => " + m.Replace.Path + "@" + m.Replace.Version
	}
	return name
}

// describe notes the sources of the packages. loops is that of the build.
func describe(packages []gotool.Package, loops bool) ([]Package, error) {
	var out []Package
	var rewritten map[string]bool
	if loops {
		rewritten = gotool.LoopPackages(packages)
	}
	for i, p := range packages {
		q := Package{Path: p.ImportPath, Import: p.ImportPath, Dir: p.Dir, BuildID: p.BuildID, Standard: p.Standard, Imports: p.Imports, Loops: rewritten[p.ImportPath]}
		if i == len(packages)-1 {
			q.Path = "main"
		}
		q.Editable = Editable(p)
		q.Module = ModuleOf(p)
		for _, group := range []struct {
			kind  string
			names []string
		}{{"go", p.GoFiles}, {"cgo", p.CgoFiles}, {"asm", p.SFiles}, {"c", p.CFiles}, {"embed", p.EmbedFiles}} {
			for _, name := range group.names {
				f, err := readSource(p.Dir, name, group.kind, q.Editable)
				if err != nil {
					return nil, fmt.Errorf("package %s: %w", p.ImportPath, err)
				}
				q.Files = append(q.Files, f)
			}
		}
		out = append(out, q)
	}
	return out, nil
}

// AddEscapes gives each editable package the escape analysis of its functions: what the compiler
// said of the packages that EscapePatterns matches.
func (r *Record) AddEscapes(escapes []gotool.Escape, known bool) {
	byPath := map[string][]gotool.Escape{}
	for _, e := range escapes {
		byPath[e.Package] = append(byPath[e.Package], e)
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if p.Editable {
			p.Escapes, p.EscapesKnown = byPath[p.Import], known
		}
	}
}

// EscapePatterns match the packages that people edit in place.
func EscapePatterns(packages []gotool.Package) []string {
	seen := map[string]bool{}
	var out []string
	add := func(p string) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, p := range packages {
		switch {
		case !Editable(p):
		case p.Module != nil && (p.ImportPath == p.Module.Path || strings.HasPrefix(p.ImportPath, p.Module.Path+"/")):
			add(p.Module.Path + "/...")
		default:
			add(p.ImportPath)
		}
	}
	return out
}

// Editable reports whether people edit a package in place: those of the standard library and of
// downloaded modules change only with their version, or through an overlay.
func Editable(p gotool.Package) bool {
	m := p.Module
	switch {
	case p.Standard:
		return false
	case m == nil || m.Main || m.Dir == "": // an empty directory: vendored
		return true
	}
	return m.Replace != nil && m.Replace.Version == ""
}

func readSource(dir, name, kind string, keep bool) (SourceFile, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, name)
	}
	f := SourceFile{Name: name, Kind: kind}
	if !keep {
		return f, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	f.Hash = sha256.Sum256(b)
	if kind != "embed" {
		f.Content = b
	}
	return f, nil
}
