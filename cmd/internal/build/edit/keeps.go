package edit

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/escape"
)

// Keep is what a function does with its arguments, in both versions.
type Keep struct {
	Name     goobj.Name      // in the edit
	Release  *release.Symbol // nil for a function that the program does not have
	Old, New escape.Keeps
	Entry    escape.Keeps // of what callers of the release's entry arrive in
	Why      string       // what it does in the edit alone
}

// Keeps are the functions that do other things with their arguments than in the release, and those that are new
// and do anything, when redirect are the functions whose entries lead to the edit.
func (e *Edit) Keeps(redirect []*Function) []Keep {
	var out []Keep
	w := newWaits(e, redirect)
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
		k.Entry = w.entry(s, k)
		if k.Old == k.New && k.Old == k.Entry {
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

// entry is what callers of a function of the release arrive in does. An old body does what it did, unless something that it
// leads to does more.
func (w *waits) entry(s *release.Symbol, k Keep) escape.Keeps {
	switch {
	case !w.stays(s):
		return k.New
	case w.leadsToMore(s):
		return escape.Unknown("entry " + s.Name)
	}
	return k.Old
}

// maybeChanged reports a function of a changed package, or an instance of a generic one, which any package may hold.
func (e *Edit) maybeChanged(s *release.Symbol) bool {
	if _, ok := e.Sources[e.importPath(s.Package)]; ok {
		return true
	}
	return strings.Contains(s.Name, "[")
}
