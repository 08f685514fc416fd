package release

import (
	"iter"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// calls are the direct calls in a program, by the function that is called.
type calls struct {
	all  []call
	last goobj.Table[uint32] // number of the last call of a function in all, from 1
}

// call is a call in the program: what the linker wrote of it is at an offset of the function that calls.
type call struct {
	caller goobj.Sym
	off    uint32
	before uint32 // number of the call of the same function before it, from 1
}

func newCalls(set *goobj.Set) calls { return calls{last: goobj.NewTable[uint32](set)} }

func (c *calls) add(callee, caller goobj.Sym, off uint32) {
	last := c.last.At(callee)
	c.all = append(c.all, call{caller, off, *last})
	*last = uint32(len(c.all))
}

// of are the calls of a function, the last first.
func (c *calls) of(callee goobj.Sym) iter.Seq[call] {
	return func(yield func(call) bool) {
		for n := *c.last.At(callee); n != 0; n = c.all[n-1].before {
			if !yield(c.all[n-1]) {
				return
			}
		}
	}
}
