package splice

import (
	"encoding/binary"
	"testing"
	"unsafe"
)

func TestJumpOver(t *testing.T) {
	word := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		entry, target uint64
		want          [8]byte
		ok            bool
	}{
		{0x1000, 0x2000, [8]byte{0, 4, 0, 0x14, 5, 6, 7, 8}, true},
		{0x2000, 0x1000, [8]byte{0, 0xfc, 0xff, 0x17, 5, 6, 7, 8}, true},
		{0, 1<<27 - 4, [8]byte{0xff, 0xff, 0xff, 0x15, 5, 6, 7, 8}, true},
		{0, 1 << 27, word, false},
		{1 << 27, 0, [8]byte{0, 0, 0, 0x16, 5, 6, 7, 8}, true},
		{1<<27 + 4, 0, word, false},
		{0x1000, 0x2002, word, false},
	} {
		if got, ok := JumpOver(word, c.entry, c.target); got != c.want || ok != c.ok {
			t.Errorf("jump from %#x to %#x: % x, %v", c.entry, c.target, got, ok)
		}
	}
}

func TestFarJumpOver(t *testing.T) {
	word := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		entry, target uint64
		adrp          uint32 // 0: no jump
	}{
		{0x1008, 0x1000, 0x90000010},
		{0x1ff0, 0x2000, 0xb0000010},
		{0x2008, 0x1000, 0xf0fffff0},
		{0x10_0000, 0x4010_0000, 0x90200010},
		{0x10_0ff8, 1<<32 + 0xff000, 0xf07ffff0},
		{0x10_0ff8, 1<<32 + 0x100000, 0},
		{1 << 32, 0, 0x90800010},
		{1<<32 + 0x1000, 0, 0},
		{0x1000, 0x2010, 0},
	} {
		want := word
		if c.adrp != 0 {
			binary.LittleEndian.PutUint32(want[:], c.adrp)
			binary.LittleEndian.PutUint32(want[4:], 0xd61f0200)
		}
		if got, ok := FarJumpOver(word, c.entry, c.target); got != want || ok != (c.adrp != 0) {
			t.Errorf("jump from %#x to %#x: % x, %v, want % x", c.entry, c.target, got, ok, want)
		}
	}
}

func TestAfterCall(t *testing.T) {
	words := onHeap(4) // aligned as code is
	code := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 32)
	base := uint64(uintptr(unsafe.Pointer(&words[0])))
	in := func(a uint64) bool { return a&^0xffff == base&^0xffff }
	for _, c := range []struct {
		name        string
		instruction uint32
		want        bool
	}{
		{"BL to a function", 0x94000000 | uint32((base&^15+16-(base+8))>>2)&branchOperand, true},
		{"BL into a function", 0x94000000 | uint32((base&^15+20-(base+8))>>2)&branchOperand, false},
		{"BL out of the code", 0x94000000 | 1<<24, false},
		{"BLR R5", 0xd63f00a0, true},
		{"B", 0x14000004, false},
		{"RET", 0xd65f03c0, false},
		{"NOP", 0xd503201f, false},
	} {
		binary.LittleEndian.PutUint32(code[8:], c.instruction)
		if got := afterCall(base+12, in); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if afterCall(base+13, in) {
		t.Error("between instructions")
	}
}

// TestSyncInstructions writes what the caches are told of; nothing else may happen to it.
func TestSyncInstructions(t *testing.T) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&onHeap(125)[0])), 1000)
	for i := range b {
		b[i] = byte(i)
	}
	base := uint64(uintptr(unsafe.Pointer(&b[0])))
	for _, n := range []uint64{0, 1, 4, 64, 65, 999} {
		syncInstructions(base+1, n)
	}
	for i := range b {
		if b[i] != byte(i) {
			t.Fatalf("byte %d is %d", i, b[i])
		}
	}
}
