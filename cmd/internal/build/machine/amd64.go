package machine

import (
	"bytes"

	"github.com/gosplice/gosplice/internal/wire/patch"
	"golang.org/x/arch/x86/x86asm"
)

type amd64 struct{}

// jumpSize is the length of opcode and displacement.
const jumpSize = 5

// checksStack reports a function that begins with the compiler's check for stack space. No loop of such
// a function reaches back into the check but the one that starts anew after the stack has grown, and
// no goroutine is stopped inside of it. Assembly may begin alike, so the check has to be whole.
func checksStack(code []byte) bool {
	for _, c := range stackChecks {
		if n := len(c.first) + c.operand; len(code) > n && bytes.HasPrefix(code, c.first) {
			for _, next := range c.next {
				if bytes.HasPrefix(code[n:], next) {
					return true
				}
			}
		}
	}
	return false
}

// The beginnings of the check: an instruction, the length of its last operand, and what may follow.
var stackChecks = []struct {
	first   []byte
	operand int
	next    [][]byte
}{
	{[]byte{0x49, 0x3b, 0x66, 0x10}, 0, [][]byte{{0x76}, {0x0f, 0x86}}},     // CMPQ SP, 16(R14); JLS
	{[]byte{0x4c, 0x8d, 0x64, 0x24}, 1, [][]byte{{0x4d, 0x3b, 0x66, 0x10}}}, // LEAQ -n(SP), R12; CMPQ R12, 16(R14)
	{[]byte{0x4c, 0x8d, 0xa4, 0x24}, 4, [][]byte{{0x4d, 0x3b, 0x66, 0x10}}}, // the same with a large n
	{[]byte{0x49, 0x89, 0xe4}, 0, [][]byte{{0x49, 0x81, 0xec}}},             // MOVQ SP, R12; SUBQ $n, R12
}

func (amd64) Busy(code []byte) patch.Busy {
	if !checksStack(code) && entersJump(code) {
		return whole(code, jumpSize)
	}
	return inJump(jumpSize)
}

// entersJump reports whether control may come from inside the function to one of the bytes that
// the jump overwrites: directly, through a jump table, or in a way that can't be told.
func entersJump(code []byte) bool {
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil || in.Op == 0 || vector(in) {
			return true
		}
		pc += in.Len
		switch in.Op {
		case x86asm.RET, x86asm.INT, x86asm.UD2:
			continue
		case x86asm.CALL:
			// A call returns behind itself. Inside of the overwritten bytes that would be a return
			// into the jump.
			if pc < jumpSize {
				return true
			}
			continue
		}
		for _, a := range in.Args {
			if rel, ok := a.(x86asm.Rel); ok {
				if t := pc + int(rel); t >= 0 && t < jumpSize {
					return true
				}
			}
		}
		if in.Op == x86asm.JMP {
			if _, ok := in.Args[0].(x86asm.Rel); !ok {
				return true
			}
		}
	}
	return false
}

// BusyFar knows no such jumps: five bytes lead as far as everything else does.
func (amd64) BusyFar(code []byte) (patch.Busy, bool) { return patch.Busy{}, false }

// Trampoline knows none.
func (amd64) Trampoline(code []byte, at uint64) (uint64, bool) { return 0, false }

func (amd64) LoopsAtEntry(code []byte) bool {
	if checksStack(code) {
		return false
	}
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil || in.Op == 0 || vector(in) {
			return false
		}
		pc += in.Len
		if in.Op == x86asm.CALL {
			continue
		}
		for _, a := range in.Args {
			if rel, ok := a.(x86asm.Rel); ok {
				if t := pc + int(rel); t >= 0 && t < jumpSize {
					return true
				}
			}
		}
	}
	return false
}

// vector reports an instruction with a VEX prefix. The decoder does not know these, and takes them
// for others, some of another length.
func vector(in x86asm.Inst) bool {
	for _, p := range in.Prefix {
		if p.IsVEX() {
			return true
		}
	}
	return false
}

// ComputesAddress looks for LEAQ sym(SB), reg, whose 4-byte displacement is at off.
func (amd64) ComputesAddress(code []byte, off int) bool {
	return off >= 3 && off <= len(code)-4 && code[off-2] == lea && code[off-3]&0xf8 == 0x48 && code[off-1]&0xc7 == 0x05
}

// LoadThroughSlot makes MOVQ slot(SB), reg of LEAQ sym(SB), reg, whose 4-byte displacement is at off.
func (a amd64) LoadThroughSlot(code []byte, off int) bool {
	if !a.ComputesAddress(code, off) {
		return false
	}
	code[off-2] = mov
	return true
}

// ThreadOffset makes MOVQ $x, reg of MOVQ x@gottpoff(IP), reg, whose 4-byte displacement is at off.
func (amd64) ThreadOffset(code []byte, off int) bool {
	const rexW, rexWR, rexWB, movImm, direct = 0x48, 0x4c, 0x49, 0xc7, 0xc0
	if off < 3 || off > len(code)-4 || code[off-2] != mov || code[off-1]&0xc7 != 0x05 {
		return false
	}
	switch code[off-3] {
	case rexW:
	case rexWR: // the register is named in another place of the instruction
		code[off-3] = rexWB
	default:
		return false
	}
	code[off-2], code[off-1] = movImm, direct|code[off-1]>>3
	return true
}

const lea, mov = 0x8d, 0x8b

// flowOf reports false for code that can't be read.
func (amd64) flowOf(code []byte) (*flow, bool) {
	g := &flow{from: map[uint32][]uint32{}}
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil || in.Op == 0 || vector(in) {
			return nil, false
		}
		next := pc + in.Len
		at, end := uint32(pc), uint32(next)
		g.instructions = append(g.instructions, span{at, end})
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
