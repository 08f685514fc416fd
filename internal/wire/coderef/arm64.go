package coderef

// arm64 refers by instructions whose operands are in the middle of their 4 bytes: by a branch, which reaches
// 128 MB, or by a pair. The first of a pair is ADRP, which reaches pages of 4 KB in 4 GB; the second
// adds the offset in the page, or loads or stores there.
type arm64 struct{}

const (
	instructionSize = 4
	pageMask        = 0xfff

	branchMask, branchBits = 0x7c000000, 0x14000000 // B, BL
	branchOperand          = 0x03ffffff
	branchReach            = 1 << 27

	adrpMask, adrpBits = 0x9f000000, 0x90000000
	adrpOperand        = 0x60ffffe0
	adrpReach          = 1 << 32

	addMask, addBits       = 0xffc00000, 0x91000000 // ADD $imm, Rn, Rd of 64 bits, without shift
	accessMask, accessBits = 0x3b000000, 0x39000000 // loads and stores with an unsigned offset
	vector                 = 0x04000000             // of floating point and vector registers
	wideVector             = 0x00800000             // 16 bytes, where the size says 1
	offsetOperand          = 0x003ffc00

	wideMask, wideBits = 0xff800000, 0xd2800000 // MOVZ of 64 bits
	keepMask, keepBits = 0xffe00000, 0xf2800000 // MOVK of bits 0 to 15
	wideShift          = 0x00600000
	wideHigh           = 0x00200000 // of bits 16 to 31
	wideOperand        = 0x001fffe0
)

func isBranch(i uint32) bool { return i&branchMask == branchBits }
func isADRP(i uint32) bool   { return i&adrpMask == adrpBits }

// scale is the power of two that the offset of the second instruction of a pair is counted in.
func scale(i uint32) (shift uint, ok bool) {
	switch {
	case i&addMask == addBits:
		return 0, true
	case i&accessMask != accessBits:
		return 0, false
	case i&vector != 0 && i&wideVector != 0:
		return 4, i>>30 == 0
	}
	return uint(i >> 30), true
}

func (arm64) Target(place []byte, at uint64) (uint64, bool) {
	if len(place) < instructionSize {
		return 0, false
	}
	first := le.Uint32(place)
	if isBranch(first) {
		return at + uint64(int64(int32(first<<6))>>4), true
	}
	if len(place) < 2*instructionSize || !isADRP(first) {
		return 0, false
	}
	second := le.Uint32(place[instructionSize:])
	shift, ok := scale(second)
	return page(first, at) + uint64(second&offsetOperand>>10)<<shift, ok
}

// page is the page that an ADRP at address at computes.
func page(adrp uint32, at uint64) uint64 {
	pages := adrp>>3&0x1ffffc | adrp>>29&3
	return at&^pageMask + uint64(int64(int32(pages<<11)>>11)<<12)
}

func (arm64) SetTarget(place []byte, at, target uint64) bool {
	if len(place) < instructionSize {
		return false
	}
	first := le.Uint32(place)
	if isBranch(first) {
		d := int64(target - at)
		if d < -branchReach || d >= branchReach || d%instructionSize != 0 {
			return false
		}
		le.PutUint32(place, first&^branchOperand|uint32(d>>2)&branchOperand)
		return true
	}
	if len(place) < 2*instructionSize || !isADRP(first) {
		return false
	}
	second := le.Uint32(place[instructionSize:])
	shift, ok := scale(second)
	d := int64(target - at&^pageMask)
	in := uint32(target & pageMask)
	if !ok || d < -adrpReach || d >= adrpReach || in&(1<<shift-1) != 0 {
		return false
	}
	pages := uint32(d >> 12)
	le.PutUint32(place, first&^adrpOperand|pages&3<<29|pages>>2&0x7ffff<<5)
	le.PutUint32(place[instructionSize:], second&^offsetOperand|in>>shift<<10)
	return true
}

// MoveARM64 adjusts the branch or the ADRP at the start of place, which refers to an address outside of what is
// moved, to code that is moved by a number of bytes. It reports false when that is out of reach, or
// the instruction is another one. An ADRP can be moved by whole pages of 4 KB only.
func MoveARM64(place []byte, by uint64) bool {
	first := le.Uint32(place)
	switch {
	case isBranch(first):
		target, _ := arm64{}.Target(place, 0)
		return arm64{}.SetTarget(place, by, target)
	case isADRP(first) && by&pageMask == 0:
		d := int64(page(first, 0) - by)
		if d < -adrpReach || d >= adrpReach {
			return false
		}
		pages := uint32(d >> 12)
		le.PutUint32(place, first&^adrpOperand|pages&3<<29|pages>>2&0x7ffff<<5)
		return true
	}
	return false
}

// operand are the bits of an instruction that the linker writes.
func operand(i uint32) uint32 {
	if _, ok := scale(i); ok {
		return offsetOperand
	}
	switch {
	case isBranch(i):
		return branchOperand
	case isADRP(i):
		return adrpOperand
	case i&wideMask == wideBits && i&wideShift <= wideHigh, i&keepMask == keepBits:
		return wideOperand
	}
	return 0
}

// Same wants the operands of the object to be zero: what the linker makes of others is not known.
func (arm64) Same(object, linked []byte) bool {
	if len(object) != len(linked) || len(object)%instructionSize != 0 {
		return false
	}
	for len(object) > 0 {
		a, b := le.Uint32(object), le.Uint32(linked)
		if bits := operand(a); bits == 0 || a&bits != 0 || b&^bits != a {
			return false
		}
		object, linked = object[instructionSize:], linked[instructionSize:]
	}
	return true
}

func (arm64) IsBranch(code []byte) bool {
	return len(code) > instructionSize && isBranch(le.Uint32(code[1:]))
}

// isWidePair reports MOVZ of bits 16 to 31 and MOVK of those below.
func isWidePair(place []byte) bool {
	return len(place) >= 2*instructionSize && le.Uint32(place)&(wideMask|wideShift) == wideBits|wideHigh && le.Uint32(place[instructionSize:])&keepMask == keepBits
}

func (arm64) Offset(place []byte) int32 {
	v := le.Uint32(place) & wideOperand >> 5
	if isWidePair(place) {
		v = v<<16 | le.Uint32(place[instructionSize:])&wideOperand>>5
	}
	return int32(v)
}

func (arm64) SetOffset(place []byte, v int32) bool {
	set := func(place []byte, v int32) {
		le.PutUint32(place, le.Uint32(place)&^wideOperand|uint32(v)<<5)
	}
	switch {
	case v < 0:
		return false
	case isWidePair(place):
		set(place, v>>16)
		set(place[instructionSize:], v&0xffff)
	case le.Uint32(place)&(wideMask|wideShift) == wideBits && v <= 0xffff:
		set(place, v)
	default:
		return false
	}
	return true
}
