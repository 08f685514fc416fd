package machine

import (
	"bytes"

	"github.com/gosplice/gosplice/internal/patch"
	"golang.org/x/arch/x86/x86asm"
)

// The first instructions of functions that check for stack space: CMPQ SP, 16(R14);
// LEAQ -n(SP), R12; MOVQ SP, R12. No loop of such a function reaches back into them but the one
// that starts anew after the stack has grown.
var stackChecks = [][]byte{{0x49, 0x3b, 0x66, 0x10}, {0x4c, 0x8d, 0x64, 0x24}, {0x4c, 0x8d, 0xa4, 0x24}, {0x49, 0x89, 0xe4}}

// Busy says at which offsets of a function no goroutine may be stopped while a jump is written
// over its entry. Code is the whole body.
func Busy(code []byte) patch.Busy {
	for _, p := range stackChecks {
		if bytes.HasPrefix(code, p) {
			return inJump()
		}
	}
	if entersJump(code) {
		return whole(code)
	}
	return inJump()
}

// entersJump reports whether control may come from inside the function to one of the bytes that
// the jump overwrites: directly, through a jump table, or in a way that can't be told.
func entersJump(code []byte) bool {
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil || in.Len == 0 {
			return true
		}
		pc += in.Len
		switch in.Op {
		case x86asm.RET, x86asm.INT, x86asm.UD2:
			continue
		case x86asm.CALL:
			// A call returns behind itself. Inside of the overwritten bytes that would be a return
			// into the jump.
			if pc < JumpSize {
				return true
			}
			continue
		}
		for _, a := range in.Args {
			if rel, ok := a.(x86asm.Rel); ok {
				if t := pc + int(rel); t >= 0 && t < JumpSize {
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

// LoadThroughSlot turns the instruction that computes an address into one that loads it from a
// slot: LEAQ sym(SB), reg becomes MOVQ slot(SB), reg. off is the offset of the instruction's
// 4-byte displacement. It reports false for any other instruction.
func LoadThroughSlot(code []byte, off int) bool {
	const lea, mov = 0x8d, 0x8b
	if off < 3 || code[off-2] != lea || code[off-3]&0xf8 != 0x48 || code[off-1]&0xc7 != 0x05 {
		return false
	}
	code[off-2] = mov
	return true
}
