package edit

import (
	"strings"

	"github.com/gosplice/gosplice/internal/escape"
	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/release"
)

// Keep is what a function does with its arguments, in both versions.
type Keep struct {
	Name     goobj.Name      // in the edit
	Release  *release.Symbol // nil for a function that the program does not have
	Old, New escape.Keeps
	Why      string // what it does in the edit alone
}

// Keeps are the functions that do other things with their arguments than in the release, and those that are new
// and do anything.
func (e *Edit) Keeps() []Keep {
	var out []Keep
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		if !s.Kind.IsText() || s.Size == 0 || !e.maybeChanged(s) {
			continue
		}
		k := Keep{Name: goobj.Name{Name: s.Name, ABI: s.ABI}, Release: s, Old: e.oldKeeps(s.Name)}
		if n, ok := e.escapes.is[s]; ok {
			k.Name = n
		}
		k.New = e.newKeeps(k.Name.Name)
		if k.Old == k.New {
			continue
		}
		if g := e.growth(s); g.more {
			k.Why = e.why(k.Name.Name, g)
		}
		out = append(out, k)
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Old != nil || f.Sym == 0 {
			continue
		}
		if k := e.newKeeps(f.Name.Name); k != "" {
			out = append(out, Keep{Name: f.Name, New: k})
		}
	}
	return out
}

// maybeChanged reports a function of a changed package, or an instance of a generic one, which any package may hold.
func (e *Edit) maybeChanged(s *release.Symbol) bool {
	if _, ok := e.Sources[e.importPath(s.Package)]; ok {
		return true
	}
	return strings.Contains(s.Name, "[")
}
