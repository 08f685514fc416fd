package edit

import (
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Gone are the packages of the release, by import path, that the edited build does not have. Their code stays in the
// program for what holds it; it was not compiled against the edit.
func (e *Edit) Gone() []string {
	var out []string
	for _, p := range e.Record.Packages {
		if e.Packages[p.Import] == nil && p.Import != "unsafe" {
			out = append(out, p.Import)
		}
	}
	return out
}

// isGone reports a package of the release, by the path that its symbols have, that the edited build does not have.
func (e *Edit) isGone(symbolPath string) bool {
	if e.gone == nil {
		e.gone = map[string]bool{}
		for _, path := range e.Gone() {
			e.gone[e.symbolPath(path)] = true
		}
	}
	return e.gone[symbolPath]
}

// GoneFunctions are the functions of a package that the edited build does not have, but for those that it compiles
// elsewhere: instances of generic functions.
func (e *Edit) GoneFunctions(path string) []*Function {
	symbolPath := e.symbolPath(path)
	prefix := goobj.PackagePrefix(symbolPath)
	var out []*Function
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		if s.Package != symbolPath || !s.Kind.IsText() || s.Size == 0 {
			continue
		}
		if y, ok := e.Set.Lookup(s.Name, s.ABI); ok && e.Set.Defined(y) {
			continue
		}
		n := goobj.Name{Name: s.Name, ABI: s.ABI}
		out = append(out, &Function{Name: n, Old: s, Package: path, Class: classify(prefix, n, 0)})
	}
	return out
}

// CalledByGone names a function of a package which is gone that calls one of the release.
func (e *Edit) CalledByGone(s *release.Symbol) (caller string, ok bool) {
	if len(e.Gone()) == 0 {
		return "", false // no need to find all callers
	}
	for _, c := range e.callers(s) {
		if e.isGone(c.Package) {
			return c.Name, true
		}
	}
	return "", false
}
