package chainbuild

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// logic are the packages that are versioned: the main package, those below its directory, and those
// that the patterns match.
func (t *tree) logic(b *gotool.Build, main *gotool.Package, patterns []string) (map[string]bool, error) {
	set := map[string]bool{main.ImportPath: true}
	used := make(map[string]bool)
	for i := range t.packages {
		p := &t.packages[i]
		if p.Standard {
			continue
		}
		if strings.HasPrefix(p.ImportPath, main.ImportPath+"/") {
			set[p.ImportPath] = true
		}
		for _, pattern := range patterns {
			if matches(b, pattern, p) {
				set[p.ImportPath], used[pattern] = true, true
			}
		}
	}
	for _, pattern := range patterns {
		if !used[pattern] {
			return nil, fmt.Errorf("--logic %s matches no package that %s depends on: name import paths or directories of such", pattern, main.ImportPath)
		}
	}
	for i := range t.packages {
		if err := t.checkSide(&t.packages[i], set); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// matches says whether a package is meant by a pattern.
func matches(b *gotool.Build, pattern string, p *gotool.Package) bool {
	name := p.ImportPath
	if pattern == "." || strings.HasPrefix(pattern, "./") || strings.HasPrefix(pattern, "../") || filepath.IsAbs(pattern) {
		pattern, name = absolute(b.Dir, pattern), p.Dir
	}
	prefix, all := strings.CutSuffix(pattern, "/...")
	return name == prefix || all && strings.HasPrefix(name, strings.TrimSuffix(prefix, "/")+"/")
}

func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	if abs, err := filepath.Abs(filepath.Join(dir, name)); err == nil {
		return abs
	}
	return name
}

// checkSide says why a package can't be on the side where it is.
func (t *tree) checkSide(p *gotool.Package, logic map[string]bool) error {
	if !logic[p.ImportPath] {
		for _, path := range imports(p) {
			if logic[path] {
				return fmt.Errorf("package %s is shared with the host, but imports %s, which is logic and changes with each version: declare it as logic too (--logic), or turn the import round", p.ImportPath, path)
			}
		}
		return nil
	}
	switch {
	case !own(p):
		return fmt.Errorf("package %s can't be logic: it belongs to a module that is not being worked on here; use a go.work, or leave it shared", p.ImportPath)
	case len(p.CgoFiles)+len(p.CFiles)+len(p.CXXFiles) > 0:
		return fmt.Errorf("package %s can't be logic: its C code would be in the process once for each version; move that into a shared package", p.ImportPath)
	case len(p.SFiles)+len(p.SysoFiles) > 0:
		return fmt.Errorf("package %s can't be logic: it has files (%s) that can't be compiled under another path; move them into a shared package", p.ImportPath, strings.Join(slices.Concat(p.SFiles, p.SysoFiles), ", "))
	}
	return nil
}
