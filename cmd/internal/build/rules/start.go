package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// startRuns is what is known of the functions that are exchanged for one declaration: itself, the literals inside, and
// those that have it inlined.
type startRuns struct {
	// once says that all of them are called once, atStart that they are, or have a loop that is entered at the start.
	once, atStart bool
	// itself says that one of them calls itself, or is called by what it defers.
	itself bool
	// parts are the function literals in it that are called once, or have a loop that is entered at the start.
	parts []string
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
				r := runsOf(runs, k)
				r.note(once, loop)
				r.itself = r.itself || j.e.CallsItself(f)
				if name := j.symbolText(f); f.Class == edit.Closure && (once || loop != edit.NoLoop) && !slices.Contains(r.parts, name) {
					r.parts = append(r.parts, name)
				}
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
			case f.Old == nil && f.Class == edit.Plain && !j.e.Referred(f.Sym): // inlined wherever it is called
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

// calls says where a function is called from that is entered at the start.
func (r *startRuns) calls() string {
	if r.itself {
		return "All calls of it but its own are in main or in initialisers, or in what these or a sync.Once call once."
	}
	return "All calls of it are in main or in initialisers, or in what these or a sync.Once call once."
}

// calledOnce warns of a function that is called once in the life of the program.
func (j *judge) calledOnce(c patch.Change, r *startRuns) {
	again := "nothing calls it again"
	if r.itself {
		again = "only itself calls it again"
	}
	c.Reason = r.calls() + " If it has been called, what runs in it goes on in the old body, and " + again + "."
	j.add(CalledOnce, c)
}

// loopOfStart warns of a function with a loop that is entered at the start alone.
func (j *judge) loopOfStart(c patch.Change, r *startRuns) {
	until := "until it returns, and nothing else calls it"
	switch {
	case r.itself:
		until = "until it returns or calls itself anew, and nothing else calls it"
	case r.endless == r.loops:
		until = "for good, since no way leads out of it, and nothing else calls it"
	}
	c.Reason = r.calls() + " A goroutine that is in the loop goes on in the old body " + until + ". Only a call that is still to come runs the new body."
	j.add(StartLoop, c)
}

// goesOn says of a function that is entered again and again that a goroutine may stay in the old body for long.
func (j *judge) goesOn(f *edit.Function) string {
	switch {
	case f.Class == edit.RangeBody && (j.e.LongLoop(f) || j.e.LongWait(f)):
		return "A goroutine that waits in its loop ends the turn in the old body, and begins the next one in the new."
	case j.e.LongLoop(f):
		return "A goroutine that is in its loop goes on with the old body until it leaves the loop; calls still to come run the new one."
	case j.e.LongWait(f):
		return "A goroutine that waits in it goes on with the old body until it returns; calls still to come run the new one."
	}
	return ""
}

// dependent shows a function whose source is as before and whose code is not.
func (j *judge) dependent(f *edit.Function, c patch.Change) {
	c.What = "body; something that it uses changed"
	switch loop := j.e.LoopsFromStart(f); {
	case loop != edit.NoLoop:
		c.What += ", and its loop is entered at the start only"
		j.loopOfStart(c, j.loopRuns(f, loop))
	case j.e.CalledOnce(f):
		c.What += ", and it is called once in the life of the program"
		j.calledOnce(c, &startRuns{itself: j.e.CallsItself(f)})
	default:
		c.Reason = j.goesOn(f)
		j.add(Dependent, c)
	}
}

func (j *judge) loopRuns(f *edit.Function, loop edit.Loop) *startRuns {
	r := &startRuns{once: true, atStart: true, itself: j.e.CallsItself(f)}
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
			j.loopOfStart(c, j.loopRuns(f, loop))
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

// startedChange is a change of a function that runs once, with the lines of the statements in the edit that would not run.
type startedChange struct {
	patch.Change
	lines []int
}

// inTheEdit begins what says which statements would not run.
const inTheEdit = " In the edit: "

// whichLines says which statements would not run, and nothing if there are none: something may have been left out alone.
func (c startedChange) whichLines() string {
	if len(c.lines) == 0 {
		return ""
	}
	var parts []string
	for i := 0; i < len(c.lines); {
		k := i + 1
		for k < len(c.lines) && c.lines[k] == c.lines[k-1]+1 {
			k++
		}
		first, last := c.lines[i], c.lines[k-1]
		switch {
		case first == last:
			parts = append(parts, strconv.Itoa(first))
		case last == first+1:
			parts = append(parts, strconv.Itoa(first), strconv.Itoa(last))
		default:
			parts = append(parts, fmt.Sprintf("%d to %d", first, last))
		}
		i = k
	}
	word := "line "
	if len(c.lines) > 1 {
		word = "lines "
	}
	return inTheEdit + word + list(parts) + "."
}

// neverRuns explains why a patch of nothing but start-up code is refused.
const neverRuns = "Nothing that runs again changed or calls what did, so the patch would never run."

// startOnly judges what runs only at the start: alone it is refused, since it would never run.
func (j *judge) startOnly() {
	alone := len(j.v.Redirect) == 0 && j.runs == 0 && !j.v.Refused
	for _, c := range j.started {
		if alone {
			c.Reason = neverRuns + c.whichLines()
			j.add(MainOnly, c.Change)
		} else {
			c.Reason = "main is not called again: what changed in it would run only after a restart." + c.whichLines()
			j.add(StartOnly, c.Change)
		}
	}
	if !alone {
		return
	}
	for i := range j.v.Changes {
		if c := &j.v.Changes[i]; c.ID == InitFunction.ID || c.ID == OldClosures.ID {
			c.ID, c.Verdict = MainOnly.ID, MainOnly.Verdict
			_, lines, _ := strings.Cut(c.Reason, inTheEdit)
			if lines != "" {
				lines = inTheEdit + lines
			}
			c.Reason, c.WaysOut = neverRuns+lines, MainOnly.WaysOut
			j.v.Refused = true
		}
	}
}
