package machine

import "github.com/gosplice/gosplice/internal/wire/patch"

// Endless returns the offsets of a function from which no way leads to its end: a goroutine that is there
// stays in the function, unless it panics or ends as a whole. Where that can't be told nothing is returned.
func (a Arch) Endless(code []byte) []patch.Span {
	g, ok := a.flowOf(code)
	if !ok {
		return nil
	}
	leaves := g.leaves()
	var out []patch.Span
	for _, in := range g.instructions {
		if leaves[in.at] {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Hi == in.at {
			out[n-1].Hi = in.end
		} else {
			out = append(out, patch.Span{Lo: in.at, Hi: in.end})
		}
	}
	return out
}

// flow is where control goes from each instruction of a function.
type flow struct {
	instructions []span
	from         map[uint32][]uint32 // successor -> predecessors
	ends         []uint32            // instructions that end a call
}

type span struct{ at, end uint32 }

// leaves are the instructions from which a way leads to the end.
func (g *flow) leaves() map[uint32]bool {
	out := map[uint32]bool{}
	work := append([]uint32(nil), g.ends...)
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		if !out[at] {
			out[at] = true
			work = append(work, g.from[at]...)
		}
	}
	return out
}
