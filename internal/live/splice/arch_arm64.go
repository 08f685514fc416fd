package splice

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// archMissing names what the processor lacks; nothing here.
const archMissing = ""

const (
	// jumpReach is how far a branch leads, in bytes: 26 bits count instructions of 4.
	jumpReach = 1 << 27
	// frameBelow is how far the record of a frame lies below its stack pointer: the frame pointer leads to
	// the saved frame pointer there, above which the return address lies, at the bottom of the frame.
	frameBelow = wordSize
	// linkRegister says that the return address of a function without a frame is in a register.
	linkRegister = true

	instructionSize = 4
	branch, call    = 0x14000000, 0x94000000
	branchOperand   = 1<<26 - 1
	callRegister    = 0xd63f0000
)

// JumpOver returns the first word of a function with a jump to target written over its first instruction. ok
// is false when target is out of reach.
func JumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) {
	d := int64(target - entry)
	if d < -jumpReach || d >= jumpReach || d%instructionSize != 0 {
		return word, false
	}
	binary.LittleEndian.PutUint32(word[:], branch|uint32(d/instructionSize)&branchOperand)
	return word, true
}

const (
	// farUnit is what the first instruction of a far jump counts in, farReach how far it leads, in bytes.
	farUnit, farReach  = 4 << 10, 1 << 32
	adrpR16, branchR16 = 0x90000010, 0xd61f0200
)

// FarJumpOver is JumpOver for a target at any distance within farReach, which begins a page of farUnit. The jump takes both
// instructions: ADRP target, R16; BR R16. Nothing but linkers and the assembler use R16, and not across a call.
func FarJumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) {
	d := int64(target - entry&^(farUnit-1))
	if target%farUnit != 0 || d < -farReach || d >= farReach {
		return word, false
	}
	pages := uint32(d / farUnit)
	binary.LittleEndian.PutUint32(word[:], adrpR16|pages&3<<29|pages>>2&0x7ffff<<5)
	binary.LittleEndian.PutUint32(word[instructionSize:], branchR16)
	return word, true
}

// mayCallUnchecked reports whether a function that starts with word, and does not check its stack, may
// make calls: what it starts with does not tell.
func mayCallUnchecked(word [8]byte) bool { return true }

// afterCall reports whether the instruction before pc is a call: BL to an aligned address in code, or a
// call through a register. pc-8 must be readable.
func afterCall(pc uint64, inCode func(uint64) bool) bool {
	if pc%instructionSize != 0 {
		return false
	}
	at := pc - instructionSize
	i := load32(at)
	if i&^branchOperand == call {
		target := at + uint64(int64(int32(i<<6))>>4)
		return target%16 == 0 && inCode(target)
	}
	return i&^(0x1f<<5) == callRegister
}

// interruptedFrame finds where a goroutine stopped by a signal goes on. It stands in asyncPreempt2,
// called by asyncPreempt, which the signal handler made it call at any instruction: the frame
// pointer in fp is asyncPreempt2's, and the one it leads to asyncPreempt's, whose return address is where it was.
// Above that lie the registers as they were; the last is the return address of a function without a frame.
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

// syncInstructions makes what was written to the size bytes at addr visible to the fetching of instructions, on
// all processors: data caches are written back as far as both share them, and instruction caches forget what
// they have. A processor may still execute what it has fetched before, until barrier.sync.
func syncInstructions(addr, size uint64)

// references are where code loads, stores or takes the address of the variable at addr: ADRP, which is relative to the page
// of the instruction, and behind it ADD, or a load or store of 8 bytes, with the place in the page.
func references(code Range, addr uint64) iter.Seq[uint64] {
	const (
		adrp, adrpMask    = 0x90000000, 0x9f000000
		operandMask       = 0xffc00000
		add, load, store  = 0x91000000, 0xf9400000, 0xf9000000
		addressPage       = 4 << 10
		immediateAt, bits = 10, 1<<12 - 1
	)
	return func(yield func(uint64) bool) {
		for at := code.Lo; at+2*instructionSize <= code.Hi; at += instructionSize {
			i := load32(at)
			if i&adrpMask != adrp {
				continue
			}
			pages := int64(int32(i<<8)>>13)<<2 | int64(i>>29&3)
			if at&^(addressPage-1)+uint64(pages*addressPage) != addr&^(addressPage-1) {
				continue
			}
			next := load32(at + instructionSize)
			place := uint64(next >> immediateAt & bits)
			switch next & operandMask {
			case add:
			case load, store:
				place *= wordSize
			default:
				continue
			}
			if place == addr%addressPage && !yield(at) {
				return
			}
		}
	}
}

// isBreakpoint reports code that has BRK where want has something else.
func isBreakpoint(code, want []byte) bool {
	const brk, operands = 0xd4200000, 0xffff << 5
	for i := 0; i+instructionSize <= len(want); i += instructionSize {
		have := binary.LittleEndian.Uint32(code[i:])
		if have != binary.LittleEndian.Uint32(want[i:]) && have&^operands == brk {
			return true
		}
	}
	return false
}

// isDetached reports code that has another first instruction than the jump in want: a uprobe replaces one, and puts back
// what the program's file has.
func isDetached(code, want []byte) bool {
	return binary.LittleEndian.Uint32(want)&^branchOperand == branch && !bytes.Equal(code[:instructionSize], want[:instructionSize]) &&
		bytes.Equal(code[instructionSize:len(want)], want[instructionSize:])
}

// isJump reports code that leads away at once: B, or BR to what was just loaded into a register.
func isJump(code []byte) bool {
	const branchTo, register = 0xd61f0000, 0x1f << 5
	if binary.LittleEndian.Uint32(code)&^branchOperand == branch {
		return true
	}
	for i := 0; i+instructionSize <= len(code); i += instructionSize {
		if binary.LittleEndian.Uint32(code[i:])&^register == branchTo {
			return true
		}
	}
	return false
}
