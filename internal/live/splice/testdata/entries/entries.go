// Package entries holds Count functions of one instruction each, to be redirected in bulk.
package entries

import (
	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// Count functions lie Size bytes apart.
const (
	Count = 10_000
	Size  = 32
)

// All is the first of them, and of the symbol table the only one.
func All()

// Writes redirects the first n of them to an address. They lie densely, 128 to a page.
func Writes(p *locate.Program, n int, to uint64) []splice.Write {
	base := p.Addr("github.com/gosplice/gosplice/internal/live/splice/testdata/entries.All.abi0")
	writes := make([]splice.Write, n)
	for i := range writes {
		lo := base + uint64(i)*Size
		writes[i] = locate.Jump("entry", splice.Range{Lo: lo, Hi: lo + Size}, to)
	}
	return writes
}
