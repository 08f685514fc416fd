package machine

import (
	"encoding/binary"

	"github.com/gosplice/gosplice/internal/wire/coderef"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// arm64 has instructions of 4 bytes, and a jump takes one of them: only its first byte can be a place where
// somebody stands, and who stands there takes the jump.
type arm64 struct{}

const instruction = 4

func word32(code []byte, at int) uint32 { return binary.LittleEndian.Uint32(code[at:]) }

// Instructions of the compiler's check for stack space.
const (
	loadGuard    = 0xf9400b90 // MOVD 16(g), R16
	compareSP    = 0xeb3063ff // CMP R16, RSP
	compareR17   = 0xeb10023f // CMP R16, R17
	subtractMask = 0xdf8003ff // SUB or SUBS $n, RSP, R17, n shifted or not
	subtractSP   = 0xd10003f1
	lessMask     = 0xff00001f
	lowerSame    = 0x54000009 // BLS
	lower        = 0x54000003 // BLO
)

// checksStack reports a function that begins with the compiler's check for stack space. No loop of such
// a function reaches back into the check but the one that starts anew after the stack has grown. Assembly may begin
// alike, so the check has to be whole.
func (arm64) checksStack(code []byte) bool {
	const longest = 6
	if len(code) < instruction || word32(code, 0) != loadGuard {
		return false
	}
	for at := instruction; at < min(len(code)-instruction, longest*instruction); at += instruction {
		switch i := word32(code, at); {
		case i == compareSP && at == instruction, i == compareR17:
			return at+2*instruction <= len(code) && word32(code, at+instruction)&lessMask == lowerSame
		case i&^(1<<29|1<<22|0xfff<<10) == subtractSP: // SUB or SUBS $n, RSP, R17
		case i&lessMask == lower:
		case isMove(i):
		case i&^(1<<29) == 0xcb3b63f1: // SUB or SUBS R27, RSP, R17
		default:
			return false
		}
	}
	return false
}

// isMove reports an instruction that makes a constant in R27: the size of a large frame.
func isMove(i uint32) bool {
	const move, mask = 0x92800000, 0x9f80001f // MOVZ, MOVN, MOVK, ORR
	return i&0x1f == 27 && (i&mask&^0x1f == move&^0x1f || i&0x1f800000 == 0x12800000 || i&0x1f800000 == 0x12000000)
}

// flow of one instruction.
type branch struct {
	to       int  // offset of the target, relative to the function
	jumps    bool // to leads somewhere
	falls    bool // the next instruction may follow
	indirect bool // it leads to an address in a register
	ends     bool // it returns
}

// branchAt decodes what the instruction at an offset does to the flow of control.
func branchAt(code []byte, at int) branch {
	i := word32(code, at)
	relative := func(field uint32, bits uint) int { return at + int(int32(field<<(32-bits))>>(32-bits))*instruction }
	switch {
	case i>>26 == 0x05: // B
		return branch{to: relative(i, 26), jumps: true}
	case i>>26 == 0x25: // BL: returns behind itself
		return branch{falls: true}
	case i>>24 == 0x54, i&0x7e000000 == 0x34000000: // B.cond, CBZ, CBNZ
		return branch{to: relative(i>>5, 19), jumps: true, falls: true}
	case i&0x7e000000 == 0x36000000: // TBZ, TBNZ
		return branch{to: relative(i>>5, 14), jumps: true, falls: true}
	case i&0xfe000000 == 0xd6000000:
		switch i >> 21 & 0x7 {
		case 1: // BLR
			return branch{falls: true}
		case 2: // RET
			return branch{ends: true}
		}
		return branch{indirect: true} // BR
	case i&0xffe0001f == 0xd4200000, i>>16 == 0, i == undefined: // BRK, UDF
		return branch{}
	}
	return branch{falls: true}
}

// undefined is what the compiler puts where control never comes.
const undefined = 0xbea71700

func (a arm64) Busy(code []byte) patch.Busy {
	if !a.checksStack(code) && a.entersJump(code, instruction) {
		return whole(code, instruction)
	}
	return inJump(instruction)
}

// farJump is the length of a jump that leads far: ADRP; BR.
const farJump = 2 * instruction

// BusyFar wants functions in which the stack pointer is after the first instruction what it was before: a goroutine that
// a signal stops inside of the jump is taken for one that is there in the old body.
func (a arm64) BusyFar(code []byte) (patch.Busy, bool) {
	switch {
	case a.checksStack(code):
		return inJump(farJump), true
	case len(code) < instruction || movesStack(word32(code, 0)) || isCall(word32(code, 0)):
		return patch.Busy{}, false
	case a.entersJump(code, farJump):
		return whole(code, farJump), true
	}
	return inJump(farJump), true
}

// isCall reports a call, which returns behind itself.
func isCall(i uint32) bool { return i>>26 == 0x25 || i&0xfffffc1f == 0xd63f0000 }

// movesStack reports an instruction that may change the stack pointer.
func movesStack(i uint32) bool {
	const stack = 31
	to, base := i&0x1f, i>>5&0x1f
	switch {
	case i&0x0a000000 == 0x08000000: // loads and stores, some of which change their base
		return base == stack
	case i&0x3f000000 == 0x11000000, i&0x3fe00000 == 0x0b200000: // ADD, SUB of a constant, of an extended register
		return to == stack
	case i&0x1f800000 == 0x12000000: // AND, ORR, EOR of a constant
		return to == stack
	}
	return false
}

// veneer is ADRP page, R16; ADD $offset, R16; BR R16. R16 belongs to linkers, whose trampolines are made so.
var veneer = []byte{0x10, 0, 0, 0x90, 0x10, 0x02, 0, 0x91, 0, 0x02, 0x1f, 0xd6}

func (arm64) Trampoline(code []byte, at uint64) (uint64, bool) {
	if len(code) != len(veneer) || !coderef.ARM64.Same(veneer[:pairInstructions], code[:pairInstructions]) || word32(code, pairInstructions) != word32(veneer, pairInstructions) {
		return 0, false
	}
	return coderef.ARM64.Target(code, at)
}

// entersJump reports whether control may come from inside the function to one of the first bytes, which a jump takes:
// directly, through a jump table, or in a way that can't be told. Constants between the instructions may look as if.
func (a arm64) entersJump(code []byte, jump int) bool {
	if len(code) < instruction || len(code)%instruction != 0 {
		return true
	}
	for at := 0; at < len(code); at += instruction {
		if b := branchAt(code, at); b.indirect || b.jumps && b.to >= 0 && b.to < jump {
			return true
		}
	}
	return false
}

func (a arm64) LoopsAtEntry(code []byte) bool {
	if a.checksStack(code) {
		return false
	}
	for at := 0; at+instruction <= len(code); at += instruction {
		if b := branchAt(code, at); b.jumps && b.to == 0 {
			return true
		}
	}
	return false
}

// Instructions of a pair: the first computes a page, the second adds the offset in it.
const (
	adrpMask, adrp   = 0x9f000000, 0x90000000
	addMask, add     = 0xffc00000, 0x91000000
	load             = 0xf9400000 // MOVD (Rn), Rd
	registers        = 0x3ff
	pairInstructions = 2 * instruction
)

// ComputesAddress looks for ADRP; ADD, which begin at off.
func (arm64) ComputesAddress(code []byte, off int) bool {
	return off >= 0 && off <= len(code)-pairInstructions &&
		word32(code, off)&adrpMask == adrp && word32(code, off+instruction)&addMask == add
}

// LoadThroughSlot makes ADRP; MOVD of ADRP; ADD, which begin at off.
func (a arm64) LoadThroughSlot(code []byte, off int) bool {
	if !a.ComputesAddress(code, off) {
		return false
	}
	second := word32(code, off+instruction)
	binary.LittleEndian.PutUint32(code[off+instruction:], load|second&registers)
	return true
}

// ThreadOffset makes MOVZ $(x>>16)<<16, Rd; MOVK $x&0xffff, Rd of ADRP; MOVD (Rd), Rd, which begin at off.
func (arm64) ThreadOffset(code []byte, off int) bool {
	const moveHigh, keepLow = 0xd2a00000, 0xf2800000
	if off < 0 || off > len(code)-pairInstructions {
		return false
	}
	first, second := word32(code, off), word32(code, off+instruction)
	to := first & 0x1f
	if first != adrp|to || second != load|to<<5|to {
		return false
	}
	binary.LittleEndian.PutUint32(code[off:], moveHigh|to)
	binary.LittleEndian.PutUint32(code[off+instruction:], keepLow|to)
	return true
}

func (arm64) flowOf(code []byte) (*flow, bool) {
	if len(code)%instruction != 0 {
		return nil, false
	}
	g := &flow{from: map[uint32][]uint32{}}
	for pc := 0; pc < len(code); pc += instruction {
		at, end := uint32(pc), uint32(pc+instruction)
		g.instructions = append(g.instructions, span{at, end})
		b := branchAt(code, pc)
		switch {
		case b.ends, b.indirect: // a jump table, or through a pointer: it may lead anywhere
			g.ends = append(g.ends, at)
		case b.jumps && b.to >= 0 && b.to < len(code):
			g.from[uint32(b.to)] = append(g.from[uint32(b.to)], at)
		case b.jumps:
			g.ends = append(g.ends, at) // the end of another function is the end of this one
		}
		if b.falls {
			g.from[end] = append(g.from[end], at)
		}
	}
	return g, true
}
