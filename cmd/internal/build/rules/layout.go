package rules

import (
	"go/types"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// layoutOf sets the two versions of a struct or an interface side by side; it is nil for other types.
func layoutOf(t *edit.Type) *patch.Layout {
	old, new := parts(t.Old), parts(t.New)
	if old == nil || new == nil {
		return nil
	}
	l := &patch.Layout{Old: old, New: new, OldSize: max(t.OldSize, 0), NewSize: max(t.NewSize, 0)}
	if types.IsInterface(t.Old) {
		l.OldSize, l.NewSize = 0, 0
	}
	differ(l.Old, l.New)
	return l
}

// parts are the fields of a struct, or the methods of an interface in the order of its table.
func parts(t types.Type) []patch.Part {
	out := []patch.Part{}
	switch t := t.(type) {
	case *types.Struct:
		offsets := edit.Offsets(t)
		for i := range t.NumFields() {
			f := t.Field(i)
			p := patch.Part{Name: f.Name(), Type: short(f.Type()), Tag: t.Tag(i)}
			if offsets != nil {
				p.Offset = offsets[i]
			}
			if f.Embedded() {
				p.Name = ""
			}
			out = append(out, p)
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			m := t.Method(i)
			out = append(out, patch.Part{Name: m.Name(), Type: strings.TrimPrefix(short(m.Type()), "func")})
		}
	default:
		return nil
	}
	return out
}

// differ marks what one version has and the other does not have, or not in that place.
func differ(old, new []patch.Part) {
	had, has := map[patch.Part]bool{}, map[patch.Part]bool{}
	for _, p := range old {
		had[p] = true
	}
	for _, p := range new {
		has[p] = true
	}
	for i, p := range old {
		old[i].Differs = !has[p]
	}
	for i, p := range new {
		new[i].Differs = !had[p]
	}
}
