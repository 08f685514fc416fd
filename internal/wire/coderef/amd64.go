package coderef

import "encoding/binary"

var le = binary.LittleEndian

// amd64 refers by a displacement of 4 bytes, counted from its end.
type amd64 struct{}

const (
	displacementSize = 4
	callOpcode       = 0xe8
	jumpOpcode       = 0xe9
)

func (amd64) Target(place []byte, at uint64) (uint64, bool) {
	if len(place) < displacementSize {
		return 0, false
	}
	return at + displacementSize + uint64(int64(int32(le.Uint32(place)))), true
}

func (amd64) SetTarget(place []byte, at, target uint64) bool {
	v := int64(target - (at + displacementSize))
	if len(place) < displacementSize || v != int64(int32(v)) {
		return false
	}
	le.PutUint32(place, uint32(int32(v)))
	return true
}

// Same is true for every displacement: all of it is the linker's.
func (amd64) Same(object, linked []byte) bool { return true }

func (amd64) IsBranch(code []byte) bool {
	return len(code) > displacementSize && (code[0] == callOpcode || code[0] == jumpOpcode)
}

func (amd64) Offset(place []byte) int32 { return int32(le.Uint32(place)) }

func (amd64) SetOffset(place []byte, v int32) bool {
	le.PutUint32(place, uint32(v))
	return true
}
