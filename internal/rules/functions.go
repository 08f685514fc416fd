package rules

import (
	"fmt"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/patch"
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
		for _, k := range f.Inlines {
			if edited[k] != nil && k != declOf(f) {
				j.inlinedIn[k]++
			}
		}
	}
	for i := range fns {
		j.function(&fns[i], edited)
	}
	j.decls(edited)
}

// editedDecls are the declarations whose source changed, by "path\x00name".
func (j *judge) editedDecls() map[string]*edit.Func {
	out := map[string]*edit.Func{}
	for path, p := range j.e.Sources {
		if p.Old == nil {
			continue
		}
		for name, f := range p.New.Funcs {
			if o := p.Old.Funcs[name]; o != nil && o.Text != f.Text {
				out[path+"\x00"+name] = f
			}
		}
	}
	return out
}

// function decides whether the entry of f is redirected, and reports what stands in the way.
func (j *judge) function(f *edit.Function, edited map[string]*edit.Func) {
	c := patch.Change{Symbol: j.symbolText(f), File: f.File, Line: f.Line}
	switch {
	case f.Sym == 0:
		j.removed(f, c)
		return
	case f.Old == nil:
		j.newFunction(f, c)
		return
	}
	if r, what, detail, bad := j.untouchable(f); bad {
		if key := r.ID + f.Package; r.ID != RuntimePackage.ID || !j.shown[key] {
			j.shown[key] = true
			if r.ID == RuntimePackage.ID {
				c.Symbol = "package " + f.Package
			}
			c.What, c.Detail = what, detail
			j.add(r, c)
		}
		return
	}
	if f.Package == j.mainPackage() && f.Decl == "main" && f.Class == edit.Plain {
		if edited[declOf(f)] != nil || j.inlinesEdited(f, edited) {
			c.What = "body; it runs once, from the start"
			j.started = append(j.started, c)
		}
		j.shown[declOf(f)] = true
		j.v.Stale = append(j.v.Stale, f)
		return
	}
	switch f.Class {
	case edit.PackageInit, edit.MapInit, edit.GoWrapper:
		return // made anew for each use, or run once at the start
	case edit.UserInit:
		if edited[declOf(f)] != nil {
			c.What = "init function changed"
			c.Detail = "init functions ran when the program started and are not run again."
			j.add(InitFunction, c)
			j.shown[declOf(f)] = true
		}
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
		c.Detail = "Calls in flight that hold the old dictionary finish in the old body; new calls run the new one."
		j.add(OldInstances, c)
		j.v.Stale = append(j.v.Stale, f)
		j.shown[declOf(f)] = true
		j.added++
		return
	}
	j.v.Redirect = append(j.v.Redirect, f)
	if f.Class != edit.Plain || edited[declOf(f)] != nil || j.inlinesEdited(f, edited) {
		return // shown by declaration
	}
	if !j.shown[declOf(f)] {
		j.shown[declOf(f)] = true
		c.What = "body; something that it uses changed"
		j.add(Dependent, c)
	}
}

func (j *judge) mainPackage() string { return j.e.Record.Packages[len(j.e.Record.Packages)-1].Import }

func (j *judge) inlinesEdited(f *edit.Function, edited map[string]*edit.Func) bool {
	for _, k := range f.Inlines {
		if edited[k] != nil {
			return true
		}
	}
	return false
}

// untouchable reports functions that must not be exchanged while the program runs.
func (j *judge) untouchable(f *edit.Function) (r Rule, what, detail string, bad bool) {
	switch {
	case j.frozen[f.Package]:
		return RuntimePackage, "code changed", "The program depends on this code at every moment, while it is being patched too.\nInstead: restart.", true
	case f.FIPS:
		return FIPS, "code changed", "The FIPS 140 module checks its own code.\nInstead: restart.", true
	case f.Asm:
		return Assembly, "assembly changed", "Assembly says nothing of what it keeps where, so a running function can't be exchanged safely.\nInstead: restart.", true
	case f.Nosplit && f.Edited:
		return Assembly, "a nosplit function changed", "It may run where a goroutine can't be stopped or has no stack to spare.\nInstead: move the change into a function without //go:nosplit, or restart.", true
	case f.Linkname && f.Edited:
		return Assembly, "the target of a linkname changed", "Code that this build does not show may depend on it.\nInstead: move the change into a function without //go:linkname, or restart.", true
	case f.Old.Merged:
		return SignatureHeld, "body shared with another function", "The linker has merged it with an identical function, which must not change along.\nInstead: restart.", true
	case f.Old.Addr%8 != 0:
		return Assembly, "its entry is not aligned", "The jump to the new body could not be written in one piece.\nInstead: restart.", true
	}
	return r, "", "", false
}

func (j *judge) newFunction(f *edit.Function, c patch.Change) {
	src := j.e.Sources[f.Package]
	if src.Old == nil || f.Class != edit.Plain || strings.Contains(f.Name.Name, "gospliceInit_") {
		return
	}
	if src.Old.Funcs[f.Decl] != nil || src.New.Funcs[f.Decl] == nil || j.shown["new"+declOf(f)] {
		return // the linker had dropped it, or it is an instance or wrapper
	}
	j.shown["new"+declOf(f)] = true
	c.Symbol = j.show(f.Package, f.Decl)
	c.What = "new function"
	if j.isNewMethod(f) {
		return // reported with its type
	}
	j.add(NewFunction, c)
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
	if f.Class != edit.Plain || src.Old == nil || src.Old.Funcs[f.Decl] == nil || src.New.Funcs[f.Decl] != nil || j.shown["gone"+declOf(f)] {
		return
	}
	j.shown["gone"+declOf(f)] = true
	c.Symbol = j.show(f.Package, f.Decl)
	c.What = "function removed"
	c.Detail = "Its code stays in the program for what still holds it."
	j.add(RemovedFunc, c)
}

func (j *judge) closure(f *edit.Function, c patch.Change, edited map[string]*edit.Func) {
	if f.SameClosure {
		j.v.Redirect = append(j.v.Redirect, f)
		return
	}
	j.added++
	j.v.Stale = append(j.v.Stale, f)
	if !f.Old.Indirect || j.shown["closure"+declOf(f)] {
		return
	}
	j.shown["closure"+declOf(f)] = true
	c.What = "closure; captures or order changed"
	c.Detail = "Closures that exist keep their old body; those made from now on run the new one."
	j.add(OldClosures, c)
}

func (j *judge) signature(f *edit.Function, c patch.Change) {
	j.shown[declOf(f)] = true
	if f.Old.Indirect {
		c.What = "signature changed"
		c.Detail = "The function's address is taken: as a func value, through a method table or by a deferred call. What holds it would call the new body with the old arguments.\nInstead: add a function with the new signature under another name, or restart."
		j.add(SignatureHeld, c)
		return
	}
	j.added++
	j.v.Stale = append(j.v.Stale, f)
	c.What = "signature changed; all callers change with it"
	c.Detail = "Calls in flight finish in the old body."
	j.add(SignatureMoved, c)
}

// decls reports the declarations whose source changed, with the number of functions that inline
// them.
func (j *judge) decls(edited map[string]*edit.Func) {
	changed := map[string]bool{}
	for _, f := range j.v.Redirect {
		changed[declOf(f)] = true
	}
	keys := make([]string, 0, len(edited))
	for k := range edited {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if j.shown[k] || !changed[k] && j.inlinedIn[k] == 0 {
			continue
		}
		pkg, decl, _ := strings.Cut(k, "\x00")
		c := patch.Change{Symbol: j.show(pkg, decl), What: "body", File: edited[k].Pos.Filename, Line: edited[k].Pos.Line}
		n := j.inlinedIn[k]
		switch {
		case n == 0:
			j.add(Body, c)
		case n == 1:
			c.What = "body; inlined in 1 function"
			j.add(Inlined, c)
		default:
			c.What = fmt.Sprintf("body; inlined in %d functions", n)
			j.add(Inlined, c)
		}
	}
}

// keepsMore judges functions whose new body keeps arguments that their callers may have on their
// stacks. The switch waits until no goroutine is in old code that changed; but closures that exist and
// keep their old body could call such a function at any later time.
func (j *judge) keepsMore() {
	stale := map[*edit.Function]bool{}
	for _, f := range j.v.Stale {
		stale[f] = true
	}
	for _, f := range j.v.Redirect {
		if !f.KeepsMore || len(f.Callers) == 0 || j.shown["keeps"+declOf(f)] {
			continue
		}
		var held *edit.Function
		for _, c := range f.Callers {
			if stale[c] && c.Class == edit.Closure && c.Old.Indirect {
				held = c
			}
		}
		j.shown["keeps"+declOf(f)] = true
		c := patch.Change{Symbol: j.symbolText(f), What: "keeps more of its arguments than before", File: f.File, Line: f.Line}
		if held != nil {
			c.Detail = fmt.Sprintf("Existing closures of %s keep their old body, which may pass it memory on the stack.\nInstead: keep the captures and the order of those closures, or restart.", j.symbolText(held))
			j.add(KeepsArgument, c)
			continue
		}
		c.Detail = "Old callers may have such arguments on their stacks: the switch waits until no goroutine is inside a function that changes, and gives up after some seconds if one stays."
		j.add(WaitsForCallers, c)
	}
}

// startOnly judges what runs only at the start: alone it is refused, since it would never run.
func (j *judge) startOnly() {
	alone := len(j.v.Redirect) == 0 && j.added == 0 && !j.v.Refused
	for _, c := range j.started {
		if alone {
			c.Detail = "Nothing else changed, so the patch would never run.\nInstead: move the code into a function that is called again, or restart."
			j.add(MainOnly, c)
		} else {
			c.Detail = "The new body of main would run only after a restart."
			j.add(StartOnly, c)
		}
	}
	if len(j.started) > 0 || !alone {
		return
	}
	for i := range j.v.Changes {
		if c := &j.v.Changes[i]; c.ID == InitFunction.ID {
			c.ID, c.Verdict = MainOnly.ID, MainOnly.Verdict
			c.Detail = "Nothing else changed, so the patch would never run.\nInstead: move the code into a function that is called again, or restart."
			j.v.Refused = true
		}
	}
}
