package rules

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// startRuns is what is known of the functions that are exchanged for one declaration: itself, the literals inside, and
// those that have it inlined.
type startRuns struct {
	// once says that all of them are called once, atStart that they are, or have a loop that is entered at the start.
	once, atStart bool
	// loops and endless count those with such a loop, and those with one that is never left.
	loops, endless int
}

// startRuns finds, for the declarations that changed, how the functions are entered that have their code.
func (j *judge) startRuns(edited map[string]*edit.Func) map[string]*startRuns {
	runs := map[string]*startRuns{}
	for _, f := range j.v.Redirect {
		once, loop := j.e.CalledOnce(f), j.e.LoopsFromStart(f)
		for _, k := range withOwn(f, j.copies(f)) {
			if edited[k] != nil {
				runsOf(runs, k).note(once, loop)
			}
		}
	}
	for i := range j.e.Functions {
		f := &j.e.Functions[i]
		wrapper := f.Class == edit.GoWrapper && f.Old != nil
		if f.Sym == 0 || !wrapper && f.Class != edit.RangeBody && f.Old != nil {
			continue
		}
		for _, k := range j.copies(f) {
			switch {
			case edited[k] == nil || k == declOf(f): // or a literal of the function around
			case wrapper:
				runsOf(runs, k).note(j.e.StartedBy(f, k))
			default: // the body of a range, or a function that is new: it may run at any time
				runsOf(runs, k).note(false, edit.NoLoop)
			}
		}
	}
	for k, r := range runs {
		if r.atStart && j.e.CalledAnew(k) {
			r.note(false, edit.NoLoop)
		}
	}
	return runs
}

func runsOf(runs map[string]*startRuns, k string) *startRuns {
	if runs[k] == nil {
		runs[k] = &startRuns{once: true, atStart: true}
	}
	return runs[k]
}

// withOwn adds the declaration of a function itself to others.
func withOwn(f *edit.Function, others []string) []string {
	if k := declOf(f); !slices.Contains(others, k) {
		return append(others, k)
	}
	return others
}

// note enters a function: whether it is called once, and its loop if it is entered at the start alone.
func (r *startRuns) note(once bool, loop edit.Loop) {
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

func (r *startRuns) onlyLoops() bool { return r != nil && r.atStart && r.loops > 0 }

func (r *startRuns) onlyOnce() bool { return r != nil && r.once }

// calledOnce warns of a function that is called once in the life of the program.
func (j *judge) calledOnce(c patch.Change) {
	c.Reason = "All calls of it are in main or in initialisers, or in what these call once. If it has been called, what runs in it goes on in the old body, and nothing calls it again."
	j.add(CalledOnce, c)
}

// loopOfStart warns of a function with a loop that is entered at the start alone.
func (j *judge) loopOfStart(c patch.Change, r *startRuns) {
	until := "until it returns"
	if r.endless == r.loops {
		until = "for good, since no way leads out of it"
	}
	c.Reason = "All calls of it are in main or in initialisers, or in what these call once. A goroutine that is in the loop goes on in the old body " + until + ", and nothing else calls it. Only a call that is still to come runs the new body."
	j.add(StartLoop, c)
}

// dependent shows a function whose source is as before and whose code is not.
func (j *judge) dependent(f *edit.Function, c patch.Change) {
	c.What = "body; something that it uses changed"
	switch loop := j.e.LoopsFromStart(f); {
	case loop != edit.NoLoop:
		c.What += ", and its loop is entered at the start only"
		j.loopOfStart(c, loopRuns(loop))
	case j.e.CalledOnce(f):
		c.What += ", and it is called once in the life of the program"
		j.calledOnce(c)
	default:
		j.add(Dependent, c)
	}
}

func loopRuns(loop edit.Loop) *startRuns {
	r := runsOf(map[string]*startRuns{}, "")
	r.note(false, loop)
	return r
}

// loopsThatInline warns of functions whose source is as before, which have something inlined that changed and that others
// have as well, and whose loop is entered at the start alone.
func (j *judge) loopsThatInline(edited map[string]*edit.Func, runs map[string]*startRuns) {
	for _, f := range j.v.Redirect {
		if f.Class != edit.Plain || edited[declOf(f)] != nil || j.shown[declOf(f)] {
			continue
		}
		loop := j.e.LoopsFromStart(f)
		if loop == edit.NoLoop {
			continue
		}
		var names []string
		for _, k := range j.copies(f) {
			if edited[k] != nil && !runs[k].onlyLoops() {
				pkg, decl, _ := strings.Cut(k, "\x00")
				names = append(names, j.show(pkg, decl))
			}
		}
		if len(names) > 0 {
			j.shown[declOf(f)] = true
			c := j.changeOf(f)
			c.What = list(names) + " is inlined in its loop, which is entered at the start only"
			j.loopOfStart(c, loopRuns(loop))
		}
	}
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
