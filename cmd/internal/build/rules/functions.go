package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// functions judges every function whose object changed, and groups what a reader of the source
// would call one change: a function with all that inlines it.
func (j *judge) functions() {
	fns := j.e.Functions
	edited := j.editedDecls()
	for i := range fns {
		f := &fns[i]
		if f.Old == nil {
			continue // not in the program: the linker dropped it, or it is new
		}
		for _, k := range j.copies(f) {
			if edited[k] != nil && k != declOf(f) && !j.e.RunsOnce(f) {
				if f.Class == edit.GoWrapper {
					j.inStatement[k] = true
					continue
				}
				j.inlinedIn[k]++
				if j.inlinedPkgs[k] == nil {
					j.inlinedPkgs[k] = map[string]bool{}
				}
				j.inlinedPkgs[k][f.Package] = true
			}
		}
	}
	j.findHeldSignatures()
	for i := range fns {
		j.function(&fns[i], edited)
	}
	j.confined()
	j.follow(edited)
	j.decls(edited)
	j.otherInitial()
	for i := range fns {
		j.packageInit(&fns[i])
	}
	j.mixedCalls(edited)
}

// follow adds the functions that are as before but have to be exchanged, because they refer to
// functions that are exchanged other than by their entries.
func (j *judge) follow(edited map[string]*edit.Func) {
	follow, stays := j.e.Follow(j.v.Redirect)
	for _, f := range follow {
		c := patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), File: f.File, Line: f.Line}
		if u := j.untouchable(f); u != nil {
			c.What = "refers to a function whose signature or captures changed"
			c.Reason, c.WaysOut = u.reason, u.waysOut
			j.add(u.rule, c)
			continue
		}
		j.v.Redirect = append(j.v.Redirect, f)
		if f.Class != edit.Plain || edited[declOf(f)] != nil || j.inlinedIn[declOf(f)] > 0 || j.shown[declOf(f)] {
			continue
		}
		if j.shown[declOf(f)] = true; !j.e.CalledOnce(f) || j.e.LoopsFromStart(f) != edit.NoLoop {
			j.dependent(f, c)
		}
	}
	for _, f := range stays {
		if f.Class == edit.Plain {
			j.started = append(j.started, startedChange{Change: patch.Change{
				Module: j.module(f.Package), Symbol: j.symbolText(f), What: "runs once, and goes on with the old code of what it refers to", File: f.File, Line: f.Line,
			}})
		}
	}
}

// function decides whether the entry of f is redirected, and reports what stands in the way.
func (j *judge) function(f *edit.Function, edited map[string]*edit.Func) {
	c := patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), File: f.File, Line: f.Line}
	switch {
	case f.Sym == 0:
		j.removed(f, c)
		return
	case f.Old == nil:
		j.newFunction(f, c)
		return
	}
	// The runtime reaches main.main through a linkname, so it is looked at before those are refused.
	if f.Package == j.mainPackage() && f.Decl == "main" && f.Class == edit.Plain {
		inlined := j.inlinedBy(f, edited)
		c.Inlined = inlined
		switch {
		case edited[declOf(f)] != nil && len(inlined) > 0:
			c.What = "body; it runs once, from the start, with " + list(inlined) + " inlined in it"
		case edited[declOf(f)] != nil:
			c.What = "body; it runs once, from the start"
		case len(inlined) > 0:
			c.What = "runs once, from the start; the compiler has put " + list(inlined) + " into it"
		default:
			c.What = "runs once, from the start; something that it uses changed"
		}
		j.started = append(j.started, startedChange{c, j.e.ChangedLines(declOf(f))})
		j.shown[declOf(f)] = true
		return
	}
	if u := j.untouchable(f); u != nil {
		if key := u.rule.ID + f.Package; u.rule.ID != RuntimePackage.ID || !j.shown[key] {
			j.shown[key] = true
			if u.rule.ID == RuntimePackage.ID {
				c.Symbol = "package " + path.Base(f.Package)
				u.reason = fmt.Sprintf("The program depends on package %s at every moment, while it is being patched too.", f.Package)
			}
			c.What, c.Reason, c.WaysOut = u.what, u.reason, u.waysOut
			j.add(u.rule, c)
		}
		return
	}
	switch f.Class {
	case edit.PackageInit, edit.MapInit:
		return // see packageInit
	case edit.GoWrapper:
		// Made anew by each call of the function around it, which follows. What was made before may
		// belong to another statement of the new body.
		return
	case edit.RangeBody:
		if f.SameClosure && !f.Dictionary {
			j.v.Redirect = append(j.v.Redirect, f)
		}
		return // made anew as well, and shown with the function around it
	case edit.UserInit:
		c.What = "init function changed"
		inlined := j.inlinedBy(f, edited)
		c.Inlined = inlined
		switch {
		case len(inlined) > 0:
			c.What = "init function; the compiler has put " + list(inlined) + " into it"
		case edited[declOf(f)] == nil:
			c.What = "init function; something that it uses changed"
		}
		c.Reason = "init functions ran when the program started and are not run again." + startedChange{c, j.e.ChangedLines(declOf(f))}.whichLines()
		j.add(InitFunction, c)
		j.shown[declOf(f)] = true
		return
	case edit.Closure:
		j.closure(f, c, edited)
		return
	}
	if f.Signature {
		j.signature(f, c)
		return
	}
	if f.Dictionary {
		c.What = "body; uses its type arguments in another way"
		c.Reason = "Calls in flight that hold the old dictionary finish in the old body; new calls run the new one."
		j.add(OldInstances, c)
		j.shown[declOf(f)] = true
		return
	}
	j.v.Redirect = append(j.v.Redirect, f)
	if f.Class != edit.Plain || edited[declOf(f)] != nil || j.inlinesEdited(f, edited) {
		return // shown by declaration
	}
	if j.shown[declOf(f)] {
		return
	}
	j.shown[declOf(f)] = true
	if src := j.e.Sources[f.Package]; src.Old.Funcs[f.Decl] == nil && src.New.Funcs[f.Decl] != nil {
		c.What = "new method; it takes the place of a promoted one"
		j.add(Body, c)
		return
	}
	j.dependent(f, c)
}

func (j *judge) mainPackage() string { return j.e.Record.Packages[len(j.e.Record.Packages)-1].Import }

// inlinedBy lists the edited declarations that f inlines, as users write them.
func (j *judge) inlinedBy(f *edit.Function, edited map[string]*edit.Func) (names []string) {
	for _, k := range j.copies(f) {
		if edited[k] != nil {
			pkg, decl, _ := strings.Cut(k, "\x00")
			names = append(names, j.show(pkg, decl))
		}
	}
	return names
}

func (j *judge) inlinesEdited(f *edit.Function, edited map[string]*edit.Func) bool {
	return slices.ContainsFunc(j.copies(f), func(k string) bool { return edited[k] != nil })
}

// copies are the declarations that a function has inlined, in the release or in the edit. A literal may have been inlined
// with the declaration that it stands in.
func (j *judge) copies(f *edit.Function) []string {
	out := slices.Concat(f.Inlines, j.e.InlinedBefore(f))
	if k := j.e.StandsIn(f); k != "" {
		out = append(out, k)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// untouched is why a function must not be exchanged.
type untouched struct {
	rule         Rule
	what, reason string
	waysOut      []string
}

const assemblyKeeps = "Assembly says nothing of what it keeps where, so a running function can't be exchanged safely."

// untouchable judges functions that must not be exchanged while the program runs; it is nil for others.
func (j *judge) untouchable(f *edit.Function) *untouched {
	restart := []string{"restart"}
	switch {
	case j.frozen[f.Package]:
		return &untouched{RuntimePackage, "code changed", RuntimePackage.Reason, restart}
	case f.FIPS:
		return &untouched{FIPS, "code changed", "The FIPS 140 module checks its own code.", restart}
	case f.Asm:
		return &untouched{Assembly, "assembly changed", assemblyKeeps, restart}
	case f.Nosplit && f.Class == edit.Plain:
		return &untouched{
			Assembly, "a nosplit function changed", "It may run where a goroutine can't be stopped or has no stack to spare.",
			[]string{"move the change into a function without //go:nosplit", "restart"},
		}
	case f.Linkname && f.Edited && f.Signature:
		return &untouched{
			Assembly, "the target of a linkname changed its signature", "Who calls it by the other name passes what it took before.",
			[]string{"move the change into a function without //go:linkname", "restart"},
		}
	case f.Old.Merged:
		return &untouched{Assembly, "body shared with another function", "The linker has merged it with an identical function, which must not change along.", restart}
	case f.Old.Unreachable:
		return &untouched{
			Assembly, "its first instruction moves the stack pointer", "In a program of this size the jump to the new body takes two instructions, and the runtime would misread the stack of a goroutine between them.",
			[]string{"make the program smaller than 112 MB, from its code to the end of its data", "restart"},
		}
	case f.Old.Addr%8 != 0:
		return &untouched{Assembly, "its entry is not aligned", "The jump to the new body could not be written in one piece.", restart}
	}
	return nil
}

func (j *judge) newFunction(f *edit.Function, c patch.Change) {
	src := j.e.Sources[f.Package]
	if src.Old != nil && f.Class == edit.UserInit && !j.shown[declOf(f)] && !hasInit(src.Old, src.New.Funcs[f.Decl]) {
		j.shown[declOf(f)] = true
		c.What = "new init function"
		c.Reason = "init functions run when the program starts, and this one is not run now."
		j.add(InitFunction, c)
		return
	}
	if src.Old == nil || f.Class != edit.Plain || strings.Contains(f.Name.Name, "gospliceInit_") {
		return
	}
	if src.Old.Funcs[f.Decl] != nil || src.New.Funcs[f.Decl] == nil || j.shown["new"+declOf(f)] {
		return // the linker had dropped it, or it is an instance or wrapper
	}
	j.shown["new"+declOf(f)] = true
	c.Symbol = j.show(f.Package, f.Decl)
	c.What = "new function"
	if src.New.Funcs[f.Decl].Goroutines > 0 && !j.e.NamedAtStart(f) {
		j.startsGoroutines(c)
	}
	if j.isNewMethod(f) || j.isHook(f) {
		return // reported with its type, or as a hook
	}
	j.add(NewFunction, c)
}

// hasInit reports that one of the init functions of a package is f, whose number may be another.
func hasInit(s *edit.Source, f *edit.Func) bool {
	for name, g := range s.Funcs {
		if strings.HasPrefix(name, "init.") && f != nil && g.Text == f.Text {
			return true
		}
	}
	return false
}

func (j *judge) isNewMethod(f *edit.Function) bool {
	for i := range j.e.Types {
		t := &j.e.Types[i]
		for _, m := range t.Methods {
			if t.Package == f.Package && (f.Decl == t.Name+"."+m || f.Decl == "(*"+t.Name+")."+m) {
				return true
			}
		}
	}
	return false
}

// removed reports a declaration that is gone; its old body stays for what still holds it.
func (j *judge) removed(f *edit.Function, c patch.Change) {
	src := j.e.Sources[f.Package]
	if f.Class == edit.Closure {
		j.copyGone(f, c)
	}
	if f.Class != edit.Plain || src.Old == nil || src.Old.Funcs[f.Decl] == nil || src.New.Funcs[f.Decl] != nil || j.shown["gone"+declOf(f)] {
		return
	}
	j.shown["gone"+declOf(f)] = true
	c.Symbol = j.show(f.Package, f.Decl)
	c.What = "function removed"
	c.Reason = "Its code stays in the program for what still holds it."
	j.add(RemovedFunc, c)
}

// packageInit reports that variables would be initialised otherwise, where neither a variable's own source nor that of a
// function says so: by a constant, or by what is more than a call away.
func (j *judge) packageInit(f *edit.Function) {
	if f.Class != edit.PackageInit && f.Class != edit.MapInit || f.Sym == 0 || f.Old == nil || j.untouchable(f) != nil || j.initExplained[f.Package] {
		return
	}
	for i := range j.e.Vars {
		if j.e.Vars[i].Package == f.Package {
			return
		}
	}
	for i := range j.e.Resets {
		if j.e.Resets[i].Package == f.Package && j.e.Resets[i].Renews() {
			return
		}
	}
	if src := j.e.Sources[f.Package].New; j.e.Record.Build.CoverMode() != "" && src != nil && !src.Initialises() {
		return // it registers the counters
	}
	if j.shown["init"+f.Package] || !j.inlinesEdited(f, j.editedDecls()) && j.e.InitialisesAsBefore(f.Package) {
		return
	}
	j.shown["init"+f.Package] = true
	j.add(InitValue, patch.Change{
		Module: j.module(f.Package), Symbol: "package " + f.Package, What: "initial values of variables; something that they are made of changed",
		Reason: "The variables exist, and their values in the running program are left as they are.", File: f.File, Line: f.Line,
	})
}
