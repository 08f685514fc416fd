package edit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// CodeBehind identifies what a function of the edited build does: its code, and that of the functions of changed packages that it
// leads to.
func (e *Edit) CodeBehind(y goobj.Sym) string {
	ours := map[string]bool{}
	for _, path := range slices.Concat(e.Rebuilt, e.Added) {
		ours[e.symbolPath(path)] = true
	}
	seen := map[goobj.Sym]bool{y: true}
	var parts []string
	for next := []goobj.Sym{y}; len(next) > 0; next = next[1:] {
		parts = append(parts, fmt.Sprintf("%s %x", e.Set.NameOf(next[0]).Name, e.Prints.Of(next[0])))
		for z := range e.Leads(next[0]) {
			if !seen[z] && e.Set.Defined(z) && ours[e.Set.Object(z).Pkg] {
				seen[z] = true
				next = append(next, z)
			}
		}
	}
	slices.Sort(parts)
	return hashText(strings.Join(parts, "\n"))
}
