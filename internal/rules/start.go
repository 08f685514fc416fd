package rules

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/patch"
)

// startRuns is what is known of the functions of one declaration that are exchanged: itself, and the literals inside.
type startRuns struct {
	// once says that all of them are called once, atStart that they are, or have a loop that is entered at the start.
	once, atStart bool
	// loops and endless count those with such a loop, and those with one that is never left.
	loops, endless int
}

// startRuns notes a function that is exchanged.
func (j *judge) startRuns(runs map[string]*startRuns, f *edit.Function) {
	r := runs[declOf(f)]
	if r == nil {
		r = &startRuns{once: true, atStart: true}
		runs[declOf(f)] = r
	}
	once, loop := j.e.CalledOnce(f), j.e.LoopsFromStart(f)
	r.once = r.once && once
	r.atStart = r.atStart && (once || loop != edit.NoLoop)
	switch loop {
	case edit.Endless:
		r.endless++
		r.loops++
	case edit.Leaves:
		r.loops++
	}
}

func (r *startRuns) onlyLoops() bool { return r.atStart && r.loops > 0 }

// loopOfStart warns of a function with a loop that is entered at the start alone.
func (j *judge) loopOfStart(c patch.Change, r *startRuns) {
	c.What = "body; its loop is entered at the start only"
	until := "until it returns"
	if r.endless == r.loops {
		until = "for good, since no way leads out of it"
	}
	c.Reason = "All calls of it are in main or in initialisers, or in what these call once. A goroutine that is in the loop goes on in the old body " + until + ", and nothing else calls it. Only a call that is still to come runs the new body."
	j.add(StartLoop, c)
}

// runsAtStart reports main and init functions.
func (j *judge) runsAtStart(key string) bool {
	pkg, decl, _ := strings.Cut(key, "\x00")
	return decl == "main" && pkg == j.mainPackage() || strings.HasPrefix(decl, "init.")
}

// onlyInlinedAtStart reports a declaration of which no function is exchanged: the program has it in main or in an init
// function alone, and the edit calls it from nowhere else.
func (j *judge) onlyInlinedAtStart(key string) bool {
	path, decl, _ := strings.Cut(key, "\x00")
	if j.shown[key] || j.inlinedIn[key] > 0 || !j.e.InProgram(path, decl) {
		return false
	}
	return !slices.ContainsFunc(j.e.Functions, func(f edit.Function) bool {
		return declOf(&f) == key && f.Sym != 0 && f.Class == edit.Plain && j.e.Named(f.Sym) && !j.e.NamedAtStart(&f)
	})
}
