package rules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// editedDecls are the declarations whose source changed, by "path\x00name".
func (j *judge) editedDecls() map[string]*edit.Func {
	out := map[string]*edit.Func{}
	for path, p := range j.e.Sources {
		if p.Old == nil {
			continue
		}
		for name, f := range p.New.Funcs {
			if edit.EditsBody(p.Old.Funcs[name], f) {
				out[path+"\x00"+name] = f
			}
		}
	}
	return out
}

// decls reports the declarations whose source changed, with the number of functions that inline
// them.
func (j *judge) decls(edited map[string]*edit.Func) {
	changed, runs := map[string]bool{}, j.startRuns(edited)
	for _, f := range j.v.Redirect {
		changed[declOf(f)] = true
	}
	keys := make([]string, 0, len(edited))
	for k := range edited {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		j.bodies(k, edited[k], j.runsAtStart(k) || runs[k].onlyOnce() || !changed[k] && j.onlyInlinedAtStart(k))
		in := changed[k] || j.inlinedIn[k] > 0 || j.inStatement[k]
		if !j.shown[k] && !in && j.leftOrInitialises(k, edited[k]) {
			continue
		}
		if j.shown[k] || !in {
			continue
		}
		pkg, decl, _ := strings.Cut(k, "\x00")
		c := patch.Change{Module: j.module(pkg), Symbol: j.show(pkg, decl), What: "body", File: edited[k].Pos.Filename, Line: edited[k].Pos.Line}
		if j.neverReturns(k) {
			c.Reason = "No way leads out of its loop: a goroutine that is inside goes on with the old body for good, and calls that are still to come run the new one."
		} else {
			c.Reason = j.anyGoesOn(k)
		}
		c.Reason = strings.TrimSpace(c.Reason + " " + j.partsNotCalledAgain(k, runs[k]))
		n := j.inlinedIn[k]
		switch {
		case runs[k].onlyLoops():
			c.What = "body; its loop is entered at the start only"
			if into := j.inlinedInto(k); !changed[k] && into != "" {
				c.What = "body; it is inlined in " + into + ", and entered at the start only"
			}
			j.loopOfStart(c, runs[k])
		case runs[k].onlyOnce():
			c.What = "body; it is called once in the life of the program"
			if j.onlyLiterals(k) {
				c.What = "body of a function literal; it is called once in the life of the program"
			}
			if into := j.inlinedInto(k); !changed[k] && into != "" {
				c.What = "body; it is inlined in " + into + ", called once in the life of the program"
			}
			j.calledOnce(c, runs[k])
		case n == 0:
			j.add(Body, c)
		case n == 1:
			c.What = "body; inlined in 1 function"
			j.add(Inlined, c)
		case n > wideFunctions || len(j.inlinedPkgs[k]) > widePackages:
			c.What = fmt.Sprintf("body; inlined in %d functions of %d packages", n, len(j.inlinedPkgs[k]))
			c.Reason = "All of them change with it, in one switch: a small edit with a wide reach."
			j.add(WideInline, c)
		default:
			c.What = fmt.Sprintf("body; inlined in %d functions", n)
			j.add(Inlined, c)
		}
	}
	j.loopsThatInline(edited, runs)
}

// neverReturns reports a declaration with a function that can be exchanged while somebody is in its loop, out of which no way leads.
func (j *judge) neverReturns(k string) bool {
	return slices.ContainsFunc(j.v.Redirect, func(f *edit.Function) bool { return declOf(f) == k && j.e.NeverLeft(f) && !neverLeft(f.Old) })
}

// partsNotCalledAgain says which function literals of a declaration have run, or may have, if others of its parts are
// called again.
func (j *judge) partsNotCalledAgain(k string, r *startRuns) string {
	switch {
	case r.onlyOnce() || r.onlyLoops():
		return ""
	case r != nil && len(r.parts) > 0:
		is, it := "is", "it has"
		if len(r.parts) > 1 {
			is, it = "are", "they have"
		}
		return fmt.Sprintf("%s in it %s not called again: if %s been called, what runs in it goes on in the old body.", list(r.parts), is, it)
	case j.onlyLiterals(k) && j.e.ReturnsLiteralAtStart(k):
		return "It is called at the start only: a literal that it made runs the new body where something still holds it, and if nothing does the edit waits for a restart."
	}
	return ""
}

// anyGoesOn is goesOn of the functions that are exchanged for a declaration.
func (j *judge) anyGoesOn(k string) string {
	for _, f := range j.v.Redirect {
		if declOf(f) == k {
			if words := j.goesOn(f); words != "" {
				return words
			}
		}
	}
	return ""
}

// onlyLiterals reports a declaration of which function literals alone are exchanged.
func (j *judge) onlyLiterals(k string) bool {
	return !slices.ContainsFunc(j.v.Redirect, func(f *edit.Function) bool {
		return declOf(f) == k && f.Class != edit.Closure && f.Class != edit.RangeBody
	})
}

// inlinedInto names the functions that are exchanged because they have a declaration inlined.
func (j *judge) inlinedInto(k string) string {
	var names []string
	for _, f := range j.v.Redirect {
		if f.Class == edit.Plain && slices.Contains(j.copies(f), k) {
			names = append(names, j.symbolText(f))
		}
	}
	return list(names)
}

// leftOrInitialises shows a declaration that the program does not have, or has in the initialisers of variables alone.
func (j *judge) leftOrInitialises(k string, f *edit.Func) bool {
	pkg, decl, _ := strings.Cut(k, "\x00")
	c := patch.Change{Module: j.module(pkg), Symbol: j.show(pkg, decl), File: f.Pos.Filename, Line: f.Pos.Line}
	inInit := false
	for i := range j.e.Functions {
		f := &j.e.Functions[i]
		if (f.Class == edit.PackageInit || f.Class == edit.MapInit) && f.Sym != 0 && slices.Contains(j.copies(f), k) {
			inInit, j.initExplained[f.Package] = true, true
		}
	}
	left := j.leftOut(k)
	switch {
	case inInit, left && j.e.Initialises(k):
		j.initExplained[pkg] = true
		c.What = "body; initial values of variables are made of what it returns"
		c.Reason = "The variables exist, and their values in the running program are left as they are."
		if made := j.initialOf[k]; len(made) > 0 {
			var names []string
			for _, v := range made {
				names = append(names, v.Symbol)
			}
			c.What = fmt.Sprintf("body; the initial %s of %s is made of what it returns", plural("value", names), list(names))
			if len(names) > 1 {
				c.What = strings.Replace(c.What, " is made", " are made", 1)
			}
			delete(j.initialOf, k)
		}
		j.add(InitValue, c)
	case left:
		c.What = "body; it is not in the program"
		j.add(NotInProgram, c)
	}
	return inInit || left
}

// otherInitial shows the variables whose other initial value no function's line has told.
func (j *judge) otherInitial() {
	for _, k := range slices.Sorted(maps.Keys(j.initialOf)) {
		for _, c := range j.initialOf[k] {
			j.add(InitValue, c)
		}
	}
}

// leftOut reports a declaration that changed and of which the program has no function, since nothing refers to it: in
// the edit neither. What finds methods by their types is not seen here, so of methods that is said only if nothing else
// changed.
func (j *judge) leftOut(k string) bool {
	path, decl, _ := strings.Cut(k, "\x00")
	if j.e.InProgram(path, decl) || strings.Contains(decl, ".") && len(j.v.Redirect) > 0 {
		return false
	}
	return !slices.ContainsFunc(j.e.Functions, func(f edit.Function) bool {
		return declOf(&f) == k && f.Sym != 0 && j.e.Named(f.Sym) || f.Old != nil && slices.Contains(f.Inlines, k)
	})
}

// bodies warns of what the new source of a function does that a switch can't undo or make safe. hasRun says that it ran at
// the start, and does not run again.
func (j *judge) bodies(key string, f *edit.Func, hasRun bool) {
	pkg, decl, _ := strings.Cut(key, "\x00")
	old := j.e.Sources[pkg].Old.Funcs[decl]
	c := patch.Change{Module: j.module(pkg), Symbol: j.show(pkg, decl), File: f.Pos.Filename, Line: f.Pos.Line}
	if len(old.Locks) > 1 && !slices.Equal(old.Locks, f.Locks) && slices.Equal(slices.Sorted(slices.Values(old.Locks)), slices.Sorted(slices.Values(f.Locks))) {
		c.What = fmt.Sprintf("takes its locks in another order: %s, before %s", strings.Join(f.Locks, " then "), strings.Join(old.Locks, " then "))
		j.add(LockOrder, c)
	}
	if f.Later > old.Later || f.Goroutines > old.Goroutines && !hasRun {
		j.startsGoroutines(c)
	}
}

// mixedCalls warns of unchanged functions that call several edited ones: a call that is in flight at the
// switch has run some in the old form and goes on with others in the new one.
func (j *judge) mixedCalls(edited map[string]*edit.Func) {
	changed := map[string]bool{}
	for i := range j.e.Functions {
		changed[j.e.Functions[i].Name.Name] = true
	}
	calls := map[string][]*edit.Function{}
	for _, f := range j.v.Redirect {
		if f.Class != edit.Plain || edited[declOf(f)] == nil {
			continue
		}
		for _, caller := range j.e.Record.Callers[f.Old.Name] {
			if !changed[caller] && !slices.Contains(calls[caller], f) {
				calls[caller] = append(calls[caller], f)
			}
		}
	}
	var callers []string
	for name, fs := range calls {
		if len(fs) > 1 {
			callers = append(callers, name)
		}
	}
	if len(callers) == 0 {
		return
	}
	slices.SortFunc(callers, func(a, b string) int { return cmp.Or(len(calls[b])-len(calls[a]), strings.Compare(a, b)) })
	fs := calls[callers[0]]
	c := patch.Change{Module: j.module(fs[0].Package), Symbol: j.symbolText(fs[0]), File: fs[0].File, Line: fs[0].Line}
	c.What = "changes together with " + j.symbolText(fs[1])
	if n := len(fs) - 2; n > 0 {
		c.What += fmt.Sprintf(" and %d more", n)
	}
	c.Reason = fmt.Sprintf("They are switched in one instant, and called by %s, unchanged: a call in flight may have run the one as it was, and go on with the other as it is now.", list(callers))
	c.WaysOut = []string{"where that matters, let the new code understand what the old one left behind, until the next patch", "apply with --quiesce 5s"}
	j.add(MixedCalls, c)
}

func (j *judge) startsGoroutines(c patch.Change) {
	c.What = "starts goroutines that it did not start before"
	c.Reason = "A goroutine runs the code that it was started with until it returns: a rollback does not end it."
	j.add(StartsGoroutine, c)
}

// Beyond these an edit reaches so far that the plan says so.
const (
	wideFunctions = 200
	widePackages  = 20
)
