package rules

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// along adds the functions that are as before and keep less than in the release, by way of what they call. The code
// of the patch relies on that after a rollback too, so the patch has its own.
func (j *judge) along() {
	for _, f := range j.e.KeepLess() {
		switch {
		case slices.ContainsFunc(j.v.Redirect, func(r *edit.Function) bool { return r.Old == f.Old }):
		case j.untouchable(f) == nil:
			j.v.Redirect = append(j.v.Redirect, f)
		default:
			c := patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), What: "keeps less of its arguments than before, and can't be exchanged", File: f.File, Line: f.Line}
			c.Reason = fmt.Sprintf("The release's %s keeps what the patch may have on its stack when it calls it: a rollback waits until no goroutine is inside of such code, and is refused if one stays.", c.Symbol)
			j.add(WayBackWaits, c)
		}
	}
}

// byVariable warns of closures that call a function by way of a captured variable which keeps less than in the release:
// after going back the variable leads to the release's.
func (j *judge) byVariable() {
	for i := range j.e.Functions {
		f := &j.e.Functions[i]
		name, ok := j.e.HoldsLess(f)
		if !ok {
			continue
		}
		c := patch.Change{Module: j.module(f.Package), Symbol: j.symbolText(f), What: "calls by a variable what keeps less of its arguments than before", File: f.File, Line: f.Line}
		c.Reason = fmt.Sprintf("The release's %s keeps what %s may have on its stack, and a variable leads to that one after going back: a rollback waits until no goroutine is inside of %[2]s, and is refused if one stays.", j.e.UserName(name), c.Symbol)
		j.add(WayBackWaits, c)
	}
}

// keepsMore judges the old bodies that may hand memory of their stacks to new code which keeps it. The switch waits
// until no goroutine is inside; but some of them may be entered at any later time.
func (j *judge) keepsMore() {
	j.v.Waits = j.e.Waits(j.v.Redirect)
	byKeeper := map[string][]*edit.Waiting{}
	var keepers []string
	for i := range j.v.Waits {
		w := &j.v.Waits[i]
		if w.Given {
			continue // the process knows whether there is such a patch
		}
		if byKeeper[w.Keeper] == nil {
			keepers = append(keepers, w.Keeper)
		}
		byKeeper[w.Keeper] = append(byKeeper[w.Keeper], w)
	}
	slices.Sort(keepers)
	for _, keeper := range keepers {
		ws := byKeeper[keeper]
		c := j.keeper(keeper, slices.ContainsFunc(ws, func(w *edit.Waiting) bool { return w.Keeps }))
		if i := slices.IndexFunc(ws, func(w *edit.Waiting) bool { return w.Enterable }); i >= 0 {
			held := j.symbolText(ws[i].Func)
			c.Reason = fmt.Sprintf("%s. Existing closures and func values of %s (%s) keep their old body, which may be entered at any later time.", ws[i].Words(), held, declaredAt(ws[i].Func))
			if ws[i].Func.Sym == 0 {
				c.WaysOut = []string{"keep that function in the program", "store a copy", "restart"}
			}
			j.add(KeepsArgument, c)
			continue
		}
		c.Reason = fmt.Sprintf("%s: the switch waits until no goroutine is inside of %s. It gives up after 5 s if one stays; apply --wait 10m waits longer.", ws[0].Words(), j.listOf(ws))
		j.add(WaitsForCallers, c)
	}
}

// keeper is the change of a function that keeps more, or else may write to more or call more.
func (j *judge) keeper(symbol string, keeps bool) patch.Change {
	c := patch.Change{What: "keeps more of its arguments than before"}
	if !keeps {
		c.What = "may write to more of its arguments, or call more, than before"
	}
	for i := range j.e.Functions {
		if f := &j.e.Functions[i]; f.Name.Name == symbol && f.Sym != 0 {
			c.Module, c.Symbol, c.File, c.Line = j.module(f.Package), j.symbolText(f), f.File, f.Line
			return c
		}
	}
	c.Module, c.Symbol = j.module(j.e.PackageOf(symbol)), j.e.UserName(symbol)
	c.File, c.Line = j.e.Position(j.e.PackageOf(symbol), goobj.Name{Name: symbol})
	return c
}

// listOf names the bodies to wait for.
func (j *judge) listOf(ws []*edit.Waiting) string {
	var names []string
	for _, w := range ws {
		names = append(names, j.e.UserName(w.Old.Name))
	}
	slices.Sort(names)
	return list(slices.Compact(names)) // instances of a generic function have one name
}

// declaredAt is where a function is declared.
func declaredAt(f *edit.Function) string {
	if f.File == "" {
		return "its declaration is gone"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
}
