package rules

import (
	"github.com/gosplice/gosplice/internal/patch"
	"github.com/gosplice/gosplice/internal/release"
)

// spins warns of functions that can't be exchanged while a goroutine is inside, and that none leaves. They may be others than those
// that were edited: what was inlined into them.
func (j *judge) spins() {
	for _, f := range j.v.Redirect {
		if neverLeft(f.Old) {
			j.add(Spins, patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), File: f.File, Line: f.Line, What: "its loop begins in its first bytes, and no way leads out of it"})
		}
	}
}

// neverLeft reports a function with a loop in its first bytes out of which no way leads.
func neverLeft(s *release.Symbol) bool {
	return s.LoopsAtEntry && len(s.Endless) > 0 && s.Endless[0].Lo == 0
}
