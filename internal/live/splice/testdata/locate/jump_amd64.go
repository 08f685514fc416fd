package locate

import "encoding/binary"

// jumpSize is the length of a jump.
const jumpSize = 5

// putJump writes a jump over the start of word, the first of the function at entry.
func putJump(word *[8]byte, entry, to uint64) bool {
	word[0] = 0xe9
	displacement := int64(to - (entry + jumpSize))
	binary.LittleEndian.PutUint32(word[1:], uint32(int32(displacement)))
	return displacement == int64(int32(displacement))
}

// checksStack reports a function that begins with the check for stack space.
func checksStack(b []byte) bool {
	return b[0] == 0x49 && b[1] == 0x3b && b[2] == 0x66 && b[3] == 0x10 || // CMPQ SP, 16(R14)
		b[0] == 0x4c && b[1] == 0x8d && (b[2] == 0x64 || b[2] == 0xa4) && b[3] == 0x24 // LEAQ -n(SP), R12
}
