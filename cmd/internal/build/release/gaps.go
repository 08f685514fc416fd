package release

import (
	"maps"
	"slices"
	"strings"
)

// gaps notes the methods that the linker left out of method tables, and dropped initialisers.
func (h *harvest) gaps(r *Record) {
	for _, y := range slices.Sorted(maps.Keys(h.pruned)) {
		t, ok := h.set.Type(*h.matched.At(y))
		if !ok {
			continue
		}
		empty := map[int]bool{}
		for _, k := range h.pruned[y] {
			empty[k] = true
		}
		p := PrunedType{Name: strings.Clone(h.set.NameOf(y).Name), Addr: *h.addr.At(y)}
		for _, m := range t.Methods() {
			k := m.MtypReloc
			e := [3]bool{empty[k], empty[k+1], empty[k+2]}
			if e != [3]bool{} {
				p.Methods = append(p.Methods, PrunedMethod{Name: m.Name, Type: strings.Clone(h.set.NameOf(m.Type).Name), Off: uint32(m.NameOff), Empty: e})
			}
		}
		r.Pruned = append(r.Pruned, p)
	}
	for _, y := range h.noInit {
		r.NoInit = append(r.NoInit, strings.Clone(h.set.NameOf(y).Name))
	}
}
