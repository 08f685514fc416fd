package rules

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// spins says which functions can't be exchanged while a goroutine is inside, and warns of those that none leaves. They may be
// others than those that were edited: what was inlined into them.
func (j *judge) spins() {
	for _, f := range j.v.Redirect {
		switch {
		case neverLeft(f.Old):
			c := j.changeOf(f)
			c.What = "its loop begins in its first bytes, and no way leads out of it"
			j.add(Spins, c)
		case f.Old.LoopsAtEntry:
			j.tried(f)
		}
	}
}

const triedFor2s = "Its loop begins in its first bytes, so the jump to the new body can be written only while no goroutine is inside: the switch is tried for 2 seconds, and given up with nothing changed if somebody always is."

// tried adds to what the plan has of a function that the switch may not come about, in a line of its own if it has none.
func (j *judge) tried(f *edit.Function) {
	own, decl := patch.Shown(j.symbolText(f)), patch.Shown(j.show(f.Package, f.Decl))
	i := slices.IndexFunc(j.v.Changes, func(c patch.Change) bool {
		return (c.Symbol == own || c.Symbol == decl) && strings.HasPrefix(c.Verdict, Applies)
	})
	if i >= 0 {
		c := &j.v.Changes[i]
		if !strings.Contains(c.Reason, triedFor2s) {
			c.Reason = strings.TrimSpace(c.Reason + " " + triedFor2s)
		}
		return
	}
	c := j.changeOf(f)
	c.What, c.Reason = "body; something that it uses changed", triedFor2s
	j.add(Dependent, c)
}

// changeOf is a change of a function, of which nothing is said yet.
func (j *judge) changeOf(f *edit.Function) patch.Change {
	return patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), File: f.File, Line: f.Line}
}

// neverLeft reports a function with a loop in its first bytes out of which no way leads.
func neverLeft(s *release.Symbol) bool {
	return s.LoopsAtEntry && len(s.Endless) > 0 && s.Endless[0].Lo == 0
}
