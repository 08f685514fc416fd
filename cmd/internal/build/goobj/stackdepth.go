package goobj

import "encoding/binary"

// StackDepths are the parts of function y in which the stack pointer is the same number of bytes below its place at the
// entry. They are nil for a function that does not tell.
func (s *Set) StackDepths(y Sym, quantum int) []StackDepth {
	return stackDepths(s.Data(s.Aux(y, AuxPcsp)), quantum)
}

// stackDepths decodes a table of differences: of the value, which begins with -1, and of the place.
func stackDepths(b []byte, quantum int) []StackDepth {
	var out []StackDepth
	end, depth := 0, int64(-1)
	for first := true; len(b) > 0; first = false {
		v, n := binary.Uvarint(b)
		if n <= 0 || v == 0 && !first {
			break
		}
		b = b[n:]
		depth += int64(v>>1) ^ -int64(v&1)
		pc, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		b = b[n:]
		end += int(uint32(pc)) * quantum
		out = append(out, StackDepth{End: end, Depth: int(int32(depth))})
	}
	return out
}

// StackDepth says how deep the stack is up to an offset of a function.
type StackDepth struct{ End, Depth int }
