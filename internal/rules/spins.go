package rules

import "github.com/gosplice/gosplice/internal/patch"

// spins warns of functions that can't be exchanged while a goroutine is inside, and that none leaves.
func (j *judge) spins() {
	for _, f := range j.v.Redirect {
		if o := f.Old; o.Busy.Lo == 0 && len(o.Endless) > 0 && len(o.Calls) == 0 {
			j.add(Spins, patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), File: f.File, Line: f.Line, What: "its loop begins in its first bytes, and no way leads out of it"})
		}
	}
}
