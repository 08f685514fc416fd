package release

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// namedTypes notes how the compiler laid out the named types of packages that may change. The linker drops the
// descriptors that no code refers to, but not the values.
func (h *harvest) namedTypes(r *Record) {
	changes := map[string]bool{}
	for _, p := range r.Packages {
		changes[p.Path] = !p.Standard
	}
	prints := goobj.NewFingerprinter(h.set)
	for _, o := range h.set.Objects {
		if !changes[o.Pkg] || o.Asm {
			continue
		}
		for y := range h.set.AllDefinitions(o) {
			if t, ok := h.namedType(y, prints); ok {
				r.Types = append(r.Types, t)
			}
		}
	}
	byName := func(a, b NamedType) int { return strings.Compare(a.Name, b.Name) }
	slices.SortStableFunc(r.Types, byName)
	// Packages that use an instance of a generic type each describe it.
	r.Types = slices.CompactFunc(r.Types, func(a, b NamedType) bool { return a.Name == b.Name })
}

func (h *harvest) namedType(y goobj.Sym, prints *goobj.Fingerprinter) (t NamedType, ok bool) {
	name := h.set.NameOf(y).Name
	if !goobj.IsType(name) {
		return t, false
	}
	d, ok := h.set.Type(y)
	if !ok || !d.Named() {
		return t, false
	}
	layout, ok := prints.TypeLayout(y)
	return NamedType{Name: strings.Clone(name), Size: d.Size(), Offsets: d.Offsets(), Fields: d.FieldPrints(), Layout: layout}, ok
}
