package release

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// Parts is what a program has of the initial value of a variable that its linker dropped. The package's init fills
// temporaries behind a pointer, or another variable leads to them.
type Parts struct {
	Variable string // symbol name
	// Shape and the order of Addrs are those of goobj.Fingerprinter.Temporaries.
	Shape goobj.Fingerprint
	Addrs []uint64 // of the temporaries; 0 for one that the program lacks
}

// parts notes what the program has of the variables that it lacks.
func (h *harvest) parts(r *Record) {
	prints := goobj.NewFingerprinter(h.set)
	for n, y := range h.set.AllNames() {
		if *h.addr.At(y) != 0 || !h.set.Kind(y).IsVar() || h.set.ByContent(y) {
			continue
		}
		list, shape := prints.Temporaries(y)
		p := Parts{Variable: strings.Clone(n.Name), Shape: shape}
		for _, t := range list {
			p.Addrs = append(p.Addrs, *h.addr.At(t))
		}
		if slices.Max(append(p.Addrs, 0)) != 0 {
			r.Parts = append(r.Parts, p)
		}
	}
	slices.SortFunc(r.Parts, func(a, b Parts) int { return cmp.Compare(a.Variable, b.Variable) })
}

// PartsOf returns what the program has of a variable that its linker dropped.
func (r *Record) PartsOf(variable string) (Parts, bool) {
	i, ok := slices.BinarySearchFunc(r.Parts, variable, func(p Parts, v string) int { return cmp.Compare(p.Variable, v) })
	if !ok {
		return Parts{}, false
	}
	return r.Parts[i], true
}
