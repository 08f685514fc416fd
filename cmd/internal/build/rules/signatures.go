package rules

import (
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

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
