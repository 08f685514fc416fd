package locate

import "encoding/binary"

// jumpSize is the length of a jump.
const jumpSize = 4

// putJump writes a jump over the start of word, the first of the function at entry.
func putJump(word *[8]byte, entry, to uint64) bool {
	distance := int64(to - entry)
	binary.LittleEndian.PutUint32(word[:], 0x14000000|uint32(distance>>2)&(1<<26-1))
	return distance >= -1<<27 && distance < 1<<27
}

// checksStack reports a function that begins with the check for stack space: MOVD 16(g), R16.
func checksStack(b []byte) bool { return binary.LittleEndian.Uint32(b) == 0xf9400b90 }
