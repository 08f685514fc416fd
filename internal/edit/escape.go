package edit

import (
	"go/token"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/gotool"
	"github.com/gosplice/gosplice/internal/patch"
	"github.com/gosplice/gosplice/internal/release"
)

// The compiler decides at each direct call whether an argument may live on the caller's stack, from
// what it knows of the callee. A caller that runs on in its old body does not know the new callee: when
// that keeps an argument which the old one did not keep, memory on a stack would be kept.

// leaks maps declarations of one package version to the lines of the escape analysis.
type leaks struct {
	// unknown stands for the lines of all declarations when the package was not analysed.
	unknown string
	byDecl  map[string][]string
}

// Escapes is the escape analysis of the packages that match one of Patterns. Nothing is known
// of others.
type Escapes struct {
	Lines    []gotool.Escape
	Patterns []string // import paths, or those of modules with "/..."
}

// covers reports whether a package was analysed.
func (x Escapes) covers(path string) bool {
	return slices.ContainsFunc(x.Patterns, func(p string) bool {
		module, whole := strings.CutSuffix(p, "/...")
		return path == module || whole && strings.HasPrefix(path, module+"/")
	})
}

// FindEscapes compares the escape analysis of the changed functions. escapes is that of the edited
// build.
func (e *Edit) FindEscapes(escapes Escapes) {
	byPath := map[string][]gotool.Escape{}
	for _, x := range escapes.Lines {
		byPath[x.Package] = append(byPath[x.Package], x)
	}
	e.oldLeaks, e.newLeaks = map[string]leaks{}, map[string]leaks{}
	for path, p := range e.Sources {
		e.newLeaks[path] = collectLeaks(p.New, byPath[path], escapes.covers(path), e.Packages[path].BuildID)
		if p.Old == nil {
			continue
		}
		if old, ok := e.Record.PackageByPath(path); ok {
			e.oldLeaks[path] = collectLeaks(p.Old, old.Escapes, old.EscapesKnown, old.BuildID)
		}
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Sym == 0 || f.Old == nil {
			continue
		}
		f.OldLeaks = e.oldLeaks[f.Package].of(f.Decl, f.Class)
		f.Leaks = e.newLeaks[f.Package].of(f.Decl, f.Class)
		f.KeepsMore = patch.KeepsMore(f.OldLeaks, f.Leaks)
		if f.KeepsMore {
			f.Callers = e.changedCallers(f)
		}
	}
}

// changedCallers are the functions of the release that call f directly and are compiled otherwise in
// the edit. A caller that is compiled alike has its arguments where the new body may keep them.
func (e *Edit) changedCallers(f *Function) []*Function {
	old, _ := e.Record.PackageByPath(f.Package)
	all := old == nil || !old.Editable // the record has no calls of other packages: any may be one
	calls := map[string]bool{}
	for _, n := range e.Record.Callers[f.Name.Name] {
		calls[n] = true
	}
	var out []*Function
	for i := range e.Functions {
		if c := &e.Functions[i]; c.Old != nil && (all || calls[c.Name.Name]) {
			out = append(out, c)
		}
	}
	return out
}

func collectLeaks(s *Source, escapes []gotool.Escape, known bool, buildID string) leaks {
	l := leaks{byDecl: map[string][]string{}}
	if !known {
		l.unknown = patch.LeaksUnknownOf(release.ContentID(buildID))
	}
	if s == nil || !known {
		return l
	}
	type span struct {
		name   string
		lo, hi int
	}
	spans := map[string][]span{}
	add := func(name string, from, to token.Pos) {
		a, b := s.Fset.Position(from), s.Fset.Position(to)
		file := filepath.Base(a.Filename)
		spans[file] = append(spans[file], span{name, a.Line, b.Line})
	}
	for name, f := range s.Funcs {
		add(name, f.Decl.Pos(), f.Decl.End())
	}
	for _, v := range s.Vars {
		if v.Value != nil {
			add(varInit, v.Value.Pos(), v.Value.End())
		}
	}
	for _, x := range escapes {
		for _, sp := range spans[x.File] {
			if x.Line >= sp.lo && x.Line <= sp.hi {
				l.byDecl[sp.name] = append(l.byDecl[sp.name], x.Text)
			}
		}
	}
	for _, lines := range l.byDecl {
		sort.Strings(lines)
	}
	return l
}

// of lists what a function keeps. A closure may also keep variables of the function around it,
// which shows as these being moved to the heap.
func (l leaks) of(decl string, class Class) []string {
	if l.unknown != "" {
		return []string{l.unknown}
	}
	var out []string
	for _, line := range l.byDecl[decl] {
		if class == Closure || class == RangeBody || strings.HasPrefix(line, "leaking param") {
			out = append(out, line)
		}
	}
	return out
}

// Leaks lists what a function of the edited build keeps of its arguments; nil for packages that
// are the same as in the release.
func (e *Edit) Leaks(pkg string, n goobj.Name) []string {
	path := e.importPath(pkg)
	l, ok := e.newLeaks[path]
	if !ok {
		return nil
	}
	prefix := goobj.PackagePrefix(pkg)
	decl, _ := e.declOf(path, n.Name)
	return l.of(decl, classify(prefix, n, 0))
}
