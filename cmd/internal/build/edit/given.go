package edit

import (
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Given reports whether a function may be given bytes that share the memory of a string: one that has such bytes leads to
// it, in the release or in the edit, at whatever distance. The compiler lets bytes share a string's memory where all
// calls that get them are known and none writes, so such bytes go the ways of direct calls.
func (e *Edit) Given(symbol string) bool {
	if e.given == nil {
		e.given = e.findGiven()
	}
	return e.given[symbol]
}

func (e *Edit) findGiven() map[string]bool {
	given := map[string]bool{}
	var next []string
	lead := func(from string) {
		for _, to := range e.ledTo(from) {
			if !given[to] && e.ours(to) {
				given[to] = true
				next = append(next, to)
			}
		}
	}
	for i := range e.Record.Symbols {
		if s := &e.Record.Symbols[i]; s.Kind.IsText() && s.Size > 0 && e.sharedIn(s) {
			lead(s.Name)
		}
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Sym == 0 {
			continue
		}
		if e.SharesNew(f.Sym) {
			lead(f.Name.Name)
		}
	}
	for ; len(next) > 0; next = next[1:] {
		lead(next[0])
	}
	return given
}

// SharesNew reports whether a function of the edited build may have bytes that share the memory of a string. What is not of a
// changed package calls nothing that is.
func (e *Edit) SharesNew(y goobj.Sym) bool {
	path, _, _, ok := e.owner(e.Set.NameOf(y).Name)
	if !ok || !e.escapes.new[path].mayShare() {
		return false
	}
	b := e.NewBody(y)
	return b.Flow == "" || b.Places.Share()
}

// ours reports a function of a package that changed, or is gone.
func (e *Edit) ours(symbol string) bool {
	if _, _, _, ok := e.owner(symbol); ok {
		return true
	}
	s, ok := e.Record.Lookup(symbol, goobj.ABIInternal)
	return ok && e.isGone(s.Package)
}

// sharedIn reports whether a function of the release may have bytes that share the memory of a string.
func (e *Edit) sharedIn(s *release.Symbol) bool {
	path, _, _, ok := e.owner(s.Name)
	if !ok {
		if !e.isGone(s.Package) {
			return false // all that it may call is as before
		}
		p, ok := e.Record.PackageByPath(s.Package)
		return !ok || sharesStrings(p)
	}
	a := e.escapes.old[path]
	if a == nil || e.Sources[path].Old == nil {
		return false // of a package that is new
	}
	if !a.mayShare() {
		return false
	}
	b := e.OldBody(s)
	return b.Flow == "" || b.Places.Share()
}

// mayShare reports whether bytes share the memory of strings in a package, as far as is told.
func (a *analysis) mayShare() bool { return a.unknown != "" || len(a.shares) > 0 || len(a.lines) > 0 }

// sharesStrings reports a package of the release in which bytes may share the memory of strings.
func sharesStrings(p *release.Package) bool {
	if !p.EscapesKnown {
		return true
	}
	for _, x := range p.Escapes {
		if x.Kind == gotool.SharesString {
			return true
		}
	}
	return false
}
