package rules

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
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
		switch inlined := j.inlinedBy(f, edited); {
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
	case edit.GoWrapper, edit.RangeBody:
		// Made anew by each call of the function around it, which follows. What was made before may
		// belong to another statement of the new body.
		return
	case edit.UserInit:
		c.What = "init function changed"
		switch inlined := j.inlinedBy(f, edited); {
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

func (j *judge) closure(f *edit.Function, c patch.Change, edited map[string]*edit.Func) {
	if f.SameClosure && !f.Dictionary {
		j.v.Redirect = append(j.v.Redirect, f)
		j.renumbered(f, c)
		j.initialiserClosure(f, c)
		return
	}
	if !f.Old.Indirect || j.shown["closure"+declOf(f)] {
		return
	}
	j.shown["closure"+declOf(f)] = true
	c.What = "closure; captures or place changed"
	if f.Signature {
		c.What = "closure; what it takes, returns or captures changed, or its place"
	}
	if !f.Old.CapturesKnown {
		c.What = "closure; it is inlined elsewhere, which hides its captures"
	}
	c.Reason = "Closures that exist keep their old body; those made from now on run the new one."
	if j.e.SameCode(f) {
		c.What = "closure; it may call other functions by its captures"
		c.Reason = "Closures that exist go on to call the functions that they captured; those made from now on capture what the edit gives them."
	}
	j.add(OldClosures, c)
}

// copyGone reports a function literal that was compiled once more where the function around it was inlined, and is
// not the same any more there: what became of it is not known, so that closures made of it stay as they are.
func (j *judge) copyGone(f *edit.Function, c patch.Change) {
	if goobj.WithoutCopy(f.Name.Name) == f.Name.Name || !f.Old.Indirect || j.shown["closure"+declOf(f)] {
		return
	}
	j.shown["closure"+declOf(f)] = true
	c.What = "closure; it was inlined together with the function around it"
	c.Reason = "Closures that exist keep their old body; those made from now on run the new one."
	j.add(OldClosures, c)
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

// renumbered says how a closure was found again that has another number in the edit.
func (j *judge) renumbered(f *edit.Function, c patch.Change) {
	if f.Old.Name == f.Name.Name || j.shown["renumbered"+declOf(f)] {
		return
	}
	j.shown["renumbered"+declOf(f)] = true
	was := *f
	was.Name.Name = f.Old.Name
	c.Symbol = j.symbolText(&was)
	c.What = "closure; it is " + j.symbolText(f) + " in your edit"
	c.Reason = "Function literals are numbered, and its number changed. It was found again by the call or assignment that it stands in, so closures that exist run the new body."
	j.add(ClosureMoved, c)
}

// initialiserClosure shows a closure that the initialiser of a package variable makes. Those of functions are
// shown with the function.
func (j *judge) initialiserClosure(f *edit.Function, c patch.Change) {
	v := j.e.VariableOf(f)
	if v == nil || j.shown["closure of "+f.Package+"."+v.Name.Name] {
		return
	}
	j.shown["closure of "+f.Package+"."+v.Name.Name] = true
	c.Symbol, c.File, c.Line = j.show(f.Package, v.Name.Name), v.Pos.Filename, v.Pos.Line
	c.What = "body of a function literal in its initial value"
	if j.e.CalledOnce(f) {
		c.What += "; it is called once in the life of the program"
		j.calledOnce(c, &startRuns{})
		return
	}
	j.add(InitialiserClosure, c)
}

func (j *judge) signature(f *edit.Function, c patch.Change) {
	j.shown[declOf(f)] = true
	if j.takesRelaid(f, c) {
		return
	}
	if f.Old.Indirect && !j.e.SignatureEdited(f) {
		c.What = "its arguments are laid out anew, or in a way that is not known"
		c.Reason = "The function's address is taken: as a func value, through a method table or by a deferred call. What holds it would call the new body with arguments of the old layout."
		j.add(Layout, c)
		return
	}
	method := j.methodOf(f)
	if j.shown["signature"+method] || f.Class != edit.Plain && j.plainSignatures[method] {
		return // the wrapper of one that has its own line
	}
	j.shown["signature"+method] = true
	if f.Class != edit.Plain {
		c.Symbol = j.show(f.Package, f.Decl)
	}
	if held := j.heldSignatures[method]; len(held) > 0 {
		j.signatureHeld(held, c)
		return
	}
	c.What = "signature changed; all callers change with it"
	if !f.Edited && j.takesConfined(f) {
		c.What = "takes or returns a value that is laid out anew; all callers change with it"
	}
	c.Reason = "Calls in flight finish in the old body."
	if caller, ok := j.e.CalledByGone(f.Old); ok {
		c.What = strings.Replace(c.What, "all callers change", "callers change", 1)
		c.Reason += fmt.Sprintf(" So do those of %s, whose package the edit does not have.", j.e.UserName(caller))
	}
	if at := j.names(j.e.CallersAtStart(f.Old)); len(at) > 0 {
		c.What = strings.Replace(c.What, "all callers change", "other callers change", 1)
		c.Reason += fmt.Sprintf(" %s is not called again, and goes on calling the old one.", list(at))
	}
	j.add(SignatureMoved, c)
}

// signatureHeld shows a function that something holds other than by calling it, itself or by a wrapper, and that the edit
// calls with other arguments.
func (j *judge) signatureHeld(held []*edit.Function, c patch.Change) {
	var holders []*release.Symbol
	tables := true
	for _, f := range held {
		holders = append(holders, j.e.Holders(f.Old)...)
		tables = tables && f.Old.OnlyTable
	}
	names := list(j.names(holders))
	c.What = "signature changed; what holds it keeps the old one"
	switch {
	case names != "":
		c.Reason = fmt.Sprintf("Calls of it by name change with it. %s made a func value of it, and what has that", names)
	case tables:
		c.Reason = "Calls of it by name change with it. It is in the method table of its type, and what finds it there"
	default:
		c.Reason = "Calls of it by name change with it. Something has its address, a variable or an interface, and what calls it by that"
	}
	c.Reason += " goes on with the old body and the old arguments, until the program is restarted."
	j.add(SignatureSplit, c)
}

// findHeldSignatures finds the functions whose signature the edit changes, and those of them, with the wrappers of methods,
// that something may hold.
func (j *judge) findHeldSignatures() {
	j.plainSignatures, j.heldSignatures = map[string]bool{}, map[string][]*edit.Function{}
	for i := range j.e.Functions {
		f := &j.e.Functions[i]
		if f.Old == nil || f.Sym == 0 || !f.Signature || f.Class != edit.Plain && f.Class != edit.Generated {
			continue
		}
		method := j.methodOf(f)
		j.plainSignatures[method] = j.plainSignatures[method] || f.Class == edit.Plain
		if j.e.Remembered(f) {
			j.heldSignatures[method] = append(j.heldSignatures[method], f)
		}
	}
}

// methodOf is the declaration of a function, the same for a method and its wrappers: by values, by pointers, and of types
// that embed its own.
func (j *judge) methodOf(f *edit.Function) string {
	key := f.Package + "\x00" + f.Decl
	if k := j.e.Promotes(f); k != "" {
		key = k
	}
	return strings.NewReplacer("(*", "", ")", "").Replace(key)
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
	return !slices.ContainsFunc(j.v.Redirect, func(f *edit.Function) bool { return declOf(f) == k && f.Class != edit.Closure })
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
		j.add(InitValue, c)
	case left:
		c.What = "body; it is not in the program"
		j.add(NotInProgram, c)
	}
	return inInit || left
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

// Beyond these an edit reaches so far that the plan says so.
const (
	wideFunctions = 200
	widePackages  = 20
)

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
