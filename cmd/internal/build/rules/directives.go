package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// maxReset is the size in bytes up to which a variable can be exchanged in a stopped world: the copy takes
// its place on the stack.
const maxReset = 64 << 10

// isReset reports a variable that the edit resets.
func (j *judge) isReset(v *edit.Variable) bool {
	return slices.ContainsFunc(j.e.Resets, func(r edit.Reset) bool {
		return r.Package == v.Package && slices.Contains(r.ResetFunc.Vars, v.Name)
	})
}

// isNew reports a variable that the release lacks.
func (j *judge) isNew(path, name string) bool {
	return slices.Contains(j.e.Added, path) || slices.ContainsFunc(j.e.Vars, func(v edit.Variable) bool {
		return v.Package == path && v.Name == name && v.Kind == edit.VarAdded
	})
}

// resets judges the variables that are to get their initial value in the switch.
func (j *judge) resets() {
	for i := range j.e.Resets {
		r := &j.e.Resets[i]
		if !r.Renews() || !slices.ContainsFunc(r.ResetFunc.Vars, func(v string) bool { return !j.isNew(r.Package, v) }) {
			continue
		}
		c := patch.Change{Module: j.module(r.Package), Symbol: j.show(r.Package, r.Name()), What: "reset", File: r.File, Line: r.Line}
		pkg, made := j.e.MadeOf(r.Func, r.Vars)
		switch {
		case made != "":
			j.madeOf(c, j.show(pkg, made))
		case r.Size > maxReset:
			c.Reason = fmt.Sprintf("It has %d bytes, and %d is the most that is exchanged while the program stands still.", r.Size, maxReset)
			j.add(ResetTooLarge, c)
		default:
			if r.Anywhere && r.Wide() {
				c.Reason = "Its value gives way to the initial value of your edit in the switch, and a rollback puts it back. Reading it takes several instructions and its address is taken, so any code may be in the middle of them: the switch waits for an instant at which no goroutine was interrupted, and is given up after some seconds if all processors stay busy."
			}
			j.runs++
			j.add(ResetVariable, c)
		}
	}
	for _, i := range j.inits {
		prefix := goobj.PackagePrefix(j.symbolPath(i.Package)) + "."
		y, ok := j.e.Set.Lookup(prefix+i.Func, goobj.ABIInternal)
		if !ok || len(i.Vars) == 0 {
			continue
		}
		var own []goobj.Sym
		for _, v := range i.Vars {
			if s, ok := j.e.Set.Lookup(prefix+v, goobj.ABI0); ok {
				own = append(own, s)
			}
		}
		if pkg, made := j.e.MadeOf(y, own); made != "" {
			j.madeOf(patch.Change{Module: j.module(i.Package), Symbol: j.show(i.Package, i.Vars[0]), What: "new variable", File: i.File, Line: i.Line}, j.show(pkg, made))
		}
	}
}

func (j *judge) symbolPath(path string) string {
	if path == j.mainPackage() {
		return "main"
	}
	return path
}

func (j *judge) madeOf(c patch.Change, made string) {
	c.Reason = fmt.Sprintf("Its initial value is made of %s, which is reset in the same switch. It is made before the switch, and would be made of the old value.", made)
	j.add(ResetMadeOf, c)
}

// notRenamed refuses a directive that names no variable which could be the one.
func (j *judge) notRenamed(v *edit.Variable, c patch.Change) {
	c.What = "said to be renamed from " + v.OldName
	switch v.Kind {
	case edit.VarUnknown:
		c.Reason = fmt.Sprintf("The release has no variable %s in this package. Variables that patches have made keep their names until the next release.", v.OldName)
	case edit.VarTaken:
		c.Reason = fmt.Sprintf("The release has a variable %s as well, whose state would be left behind.", v.Name)
		c.WaysOut = []string{"choose a name that the release does not have"}
	case edit.VarStays:
		c.Reason = fmt.Sprintf("Your edit still declares %s, and one value can't be both variables.", v.OldName)
		c.WaysOut = []string{"remove the old declaration, or the directive"}
	}
	j.add(RenamedUnknown, c)
}

// isHook reports a function that the source asks to be run.
func (j *judge) isHook(f *edit.Function) bool {
	return slices.ContainsFunc(j.e.Hooks, func(h edit.Hook) bool { return h.Package == f.Package && h.Func == f.Decl })
}

// hooks reports the functions that the source asks to be run. A patch of nothing but hooks that the release
// has as well is none.
func (j *judge) hooks() {
	if !slices.ContainsFunc(j.e.Hooks, func(h edit.Hook) bool { return !h.InRelease }) && len(j.v.Redirect) == 0 && j.runs == 0 {
		return
	}
	for _, h := range j.e.Hooks {
		c := patch.Change{Module: j.module(h.Package), Symbol: j.show(h.Package, h.Func), What: "apply hook", File: h.File, Line: h.Line}
		if h.InRelease {
			c.What += ", in the release too"
		}
		if !h.InRelease {
			j.runs++
		}
		if h.Rollback {
			c.What = strings.Replace(c.What, "apply", "rollback", 1)
			j.add(RollbackHook, c)
		} else {
			j.add(ApplyHook, c)
		}
	}
}

// What directives do about code that has run, and about values that are kept.
const (
	runsNow   = "do it in a new function with //gosplice:apply above it"
	resetsNow = "write //gosplice:reset above the variable"
)
