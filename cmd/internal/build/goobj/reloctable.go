package goobj

import (
	"cmp"
	"slices"
)

// relocTable is the relocations of a symbol by ascending offset.
type relocTable []relocAt

type relocAt struct {
	Reloc
	index int // its number
}

// relocTable lists the relocations of y, without the markers for the linker.
func (s *Set) relocTable(y Sym) relocTable {
	t := make(relocTable, 0, s.NumRelocs(y))
	for k, r := range s.Relocs(y) {
		if r.Size > 0 {
			t = append(t, relocAt{r, k})
		}
	}
	byOffset := func(a, b relocAt) int { return cmp.Compare(a.Off, b.Off) }
	if !slices.IsSortedFunc(t, byOffset) {
		slices.SortStableFunc(t, byOffset)
	}
	return t
}

// at is the last relocation at an offset.
func (t relocTable) at(off int) (relocAt, bool) {
	i, _ := slices.BinarySearchFunc(t, off+1, func(r relocAt, off int) int { return cmp.Compare(r.Off, off) })
	if i == 0 || t[i-1].Off != off {
		return relocAt{}, false
	}
	return t[i-1], true
}

// sym is the symbol to which the relocation at an offset leads, or 0.
func (t relocTable) sym(off int) Sym {
	r, _ := t.at(off)
	return r.Sym
}
