package machine

import (
	"github.com/gosplice/gosplice/internal/patch"
	"golang.org/x/arch/x86/x86asm"
)

// Endless returns the offsets of a function from which no way leads to its end: a goroutine that is there
// stays in the function, unless it panics or ends as a whole. Where that can't be told nothing is returned.
func Endless(code []byte) []patch.Span {
	g, ok := flowOf(code)
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
	instructions []instruction
	from         map[uint32][]uint32 // successor -> predecessors
	ends         []uint32            // instructions that end a call
}

type instruction struct{ at, end uint32 }

// flowOf reports false for code that can't be read.
func flowOf(code []byte) (*flow, bool) {
	g := &flow{from: map[uint32][]uint32{}}
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil || in.Op == 0 || vector(in) {
			return nil, false
		}
		next := pc + in.Len
		at, end := uint32(pc), uint32(next)
		g.instructions = append(g.instructions, instruction{at, end})
		falls := true
		switch in.Op {
		case x86asm.RET:
			g.ends = append(g.ends, at)
			falls = false
		case x86asm.UD2, x86asm.INT:
			falls = false
		case x86asm.CALL:
		default:
			jumps := false
			for _, a := range in.Args {
				if rel, ok := a.(x86asm.Rel); ok {
					jumps = true
					if to := next + int(rel); to >= 0 && to < len(code) {
						g.from[uint32(to)] = append(g.from[uint32(to)], at)
					} else {
						g.ends = append(g.ends, at) // the end of another function is the end of this one
					}
				}
			}
			if in.Op == x86asm.JMP {
				falls = false
				if !jumps { // a jump table, or through a pointer: it may lead anywhere
					g.ends = append(g.ends, at)
				}
			}
		}
		if falls {
			g.from[end] = append(g.from[end], at)
		}
		pc = next
	}
	return g, true
}

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
