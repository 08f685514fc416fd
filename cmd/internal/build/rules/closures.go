package rules

import (
	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

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
	c.Reason = oldClosures
	if j.e.SameCode(f) {
		c.What = "closure; it may call other functions by its captures"
		c.Reason = "Closures that exist go on to call the functions that they captured; those made from now on capture what the edit gives them."
	}
	j.add(OldClosures, c)
}

// oldClosures says what existing closures run: not what an earlier patch had put in the place of the release's body, since
// patches are made against the release.
const oldClosures = "Closures that exist keep their old body, which is the release's, or that of the patch whose captures they have; those made from now on run the new one."

// copyGone reports a function literal that was compiled once more where the function around it was inlined, and is
// not the same any more there: what became of it is not known, so that closures made of it stay as they are.
func (j *judge) copyGone(f *edit.Function, c patch.Change) {
	if goobj.WithoutCopy(f.Name.Name) == f.Name.Name || !f.Old.Indirect || j.shown["closure"+declOf(f)] {
		return
	}
	j.shown["closure"+declOf(f)] = true
	c.What = "closure; it was inlined together with the function around it"
	c.Reason = oldClosures
	j.add(OldClosures, c)
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
