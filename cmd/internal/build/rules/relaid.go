package rules

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// folded is a function whose line another one stands for.
type folded struct {
	f *edit.Function
	c patch.Change
}

// takesRelaid reports a function whose signature is as it was: its arguments have another size since a type is laid out
// anew, which is refused in a line of its own. That says all; what would be said of the function is kept, see unfold.
func (j *judge) takesRelaid(f *edit.Function, c patch.Change) bool {
	relaid := slices.ContainsFunc(j.e.Types, func(t edit.Type) bool { return t.Old != nil && !t.Confined && !t.Nowhere })
	if !relaid || !sameTypes(f.OldSig, f.NewSig) {
		return false
	}
	j.folded = append(j.folded, folded{f, c})
	return true
}

// sameTypes compares the keys of two signatures, which begin with the size of the arguments, as far as their types go.
func sameTypes(was, is string) bool {
	const digits = "0123456789"
	return was != "" && is != "" && strings.TrimLeft(was, digits) == strings.TrimLeft(is, digits)
}

// unfold says of the functions what takesRelaid kept, if nothing refuses the edit after all.
func (j *judge) unfold() {
	if j.v.Refused {
		return
	}
	for _, x := range j.folded {
		x.c.What = "its arguments are laid out anew"
		x.c.Reason = "What calls it, or holds it, would pass the new body arguments of the old layout."
		j.add(Layout, x.c)
	}
}
