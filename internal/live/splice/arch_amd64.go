package splice

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// archMissing names what the processor lacks; nothing here.
const archMissing = ""

const (
	// jumpReach is how far a jump leads, in bytes.
	jumpReach = 1 << 31
	// frameBelow is how far the record of a frame lies below its stack pointer: it lies above.
	frameBelow = 0
	// linkRegister says that the return address of a function without a frame is in a register. It is on
	// the stack.
	linkRegister = false
)

// JumpOver returns the first word of a function with a jump to target written over it: opcode E9 and
// a 32-bit displacement. ok is false when target is out of reach.
func JumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) {
	displacement := int64(target - (entry + 5))
	if displacement != int64(int32(displacement)) {
		return word, false
	}
	word[0] = 0xe9
	binary.LittleEndian.PutUint32(word[1:], uint32(int32(displacement)))
	return word, true
}

// FarJumpOver is for processors whose jumps do not lead to all memory near the program.
func FarJumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) { return word, false }

// mayCallUnchecked reports whether a function that starts with word, and does not check its stack, may
// make calls: it has a frame (PUSHQ BP), or a jump hides what it has.
func mayCallUnchecked(word [8]byte) bool { return word[0] == 0x55 || word[0] == 0xe9 }

// afterCall reports whether the instruction before pc is a call: E8 to an aligned address in code,
// or a call through a register. Other calls, which only assembly uses, are not recognised; a
// PC that follows none was put on the stack by a signal handler. pc-8 must be readable.
func afterCall(pc uint64, inCode func(uint64) bool) bool {
	b := bytesAt(pc-8, 8)
	if b[3] == 0xe8 {
		target := pc + uint64(int64(int32(binary.LittleEndian.Uint32(b[4:]))))
		return target%16 == 0 && inCode(target)
	}
	return b[6] == 0xff && b[7]&^7 == 0xd0
}

// interruptedFrame finds where a goroutine stopped by a signal goes on. It stands in asyncPreempt2,
// called by asyncPreempt, which the signal handler made it call at any instruction: the frame
// pointer in fp is asyncPreempt2's, the one it leads to asyncPreempt's, and above that lie the PC and
// the stack as they were.
func interruptedFrame(fp uint64, stack Range) (pc, sp, callerFP uint64, ok bool) {
	if !stack.holds(fp, 16) || fp%wordSize != 0 {
		return 0, 0, 0, false
	}
	fp = load64(fp)
	if !stack.holds(fp, 16) || fp%wordSize != 0 {
		return 0, 0, 0, false
	}
	return load64(fp + 8), fp + 16, load64(fp), true
}

// syncInstructions has nothing to do: instruction caches see what is written.
func syncInstructions(addr, size uint64) {}

// references are where code loads, stores or takes the address of the variable at addr: a displacement from the end of the
// instruction, which is also the end of the displacement. Some may be other things that look like that.
func references(code Range, addr uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		b := bytesAt(code.Lo, int(code.Hi-code.Lo))
		want := uint32(addr - code.Lo - 4)
		for i := 0; i+4 <= len(b); i++ {
			if binary.LittleEndian.Uint32(b[i:]) == want-uint32(i) && !yield(code.Lo+uint64(i)) {
				return
			}
		}
	}
}

// isBreakpoint reports code that differs from want by INT3 alone, or begins with it.
func isBreakpoint(code, want []byte) bool {
	const int3 = 0xcc
	if code[0] == int3 && want[0] != int3 {
		return true
	}
	found := false
	for i, b := range want {
		if code[i] != b && code[i] != int3 {
			return false
		}
		found = found || code[i] != b
	}
	return found
}

// isDetached reports code that has another first byte than the jump in want: a uprobe replaces one byte, and puts back what
// the program's file has.
func isDetached(code, want []byte) bool {
	return want[0] == 0xe9 && code[0] != want[0] && bytes.Equal(code[1:len(want)], want[1:])
}

// isJump reports code that leads away at once: JMP with a displacement or by way of memory behind it, or to what was just
// loaded into a register or pushed.
func isJump(code []byte) bool {
	switch {
	case code[0] == 0xe9, code[0] == 0xeb, code[0] == 0xff && code[1] == 0x25:
		return true
	case code[0] == 0x68: // PUSH $x; [MOV $y, 4(SP)]; RET
		return code[5] == 0xc3 || code[13] == 0xc3
	case code[0]&^1 == 0x48 && code[1]&^7 == 0xb8: // MOV $x, reg
		at := 10
		if code[at] == 0x41 || code[at] == 0x49 {
			at++
		}
		return code[at] == 0xff && code[at+1]>>3&7 == 4
	}
	return false
}
