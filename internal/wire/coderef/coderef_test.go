package coderef

import (
	"encoding/binary"
	"testing"
)

// code joins instructions.
func code(instructions ...uint32) []byte {
	var b []byte
	for _, i := range instructions {
		b = binary.LittleEndian.AppendUint32(b, i)
	}
	return b
}

const (
	b    = 0x14000000
	bl   = 0x94000000
	adrp = 0x90000003 // ADRP page, R3
	add  = 0x91000063 // ADD $0, R3, R3
	ldr  = 0xf9400064 // MOVD (R3), R4
	strw = 0xb9000064 // MOVW R4, (R3)
	ldrb = 0x39400064 // MOVBU (R3), R4
	strq = 0x3d800060 // FMOVQ F0, (R3)
	movz = 0xd2800000 // MOVZ $0, R0
	ret  = 0xd65f03c0
)

func TestARM64Targets(t *testing.T) {
	for _, c := range []struct {
		name       string
		place      []byte
		at, target uint64
		want       []byte // nil: out of reach, or not to be written
	}{
		{"branch forward", code(b), 0x1000, 0x1010, code(b | 4)},
		{"call backward", code(bl), 0x1000, 0xffc, code(bl | 0x3ffffff)},
		{"call over another target", code(bl | 77), 0x1000, 0x1004, code(bl | 1)},
		{"the farthest call forward", code(bl), 0, 1<<27 - 4, code(bl | 0x1ffffff)},
		{"a call too far forward", code(bl), 0, 1 << 27, nil},
		{"the farthest call backward", code(bl), 1 << 27, 0, code(bl | 0x2000000)},
		{"a call too far backward", code(bl), 1<<27 + 4, 0, nil},
		{"a call between instructions", code(bl), 0, 2, nil},
		{"address in the same page", code(adrp, add), 0x1ffc, 0x1004, code(adrp, add|4<<10)},
		{"address in the next page", code(adrp, add), 0x1ffc, 0x2fff, code(adrp|1<<29, add|0xfff<<10)},
		{"address before", code(adrp, add), 0x5000, 0x4008, code(adrp|3<<29|0x7ffff<<5, add|8<<10)},
		{"address four pages on", code(adrp, add), 0, 0x4000, code(adrp|1<<5, add)},
		{"an address too far", code(adrp, add), 0, 1 << 32, nil},
		{"load of 8 bytes", code(adrp, ldr), 0, 0x1010, code(adrp|1<<29, ldr|2<<10)},
		{"load of 8 bytes between words", code(adrp, ldr), 0, 0x1014, nil},
		{"store of 4 bytes", code(adrp, strw), 0, 0x1014, code(adrp|1<<29, strw|5<<10)},
		{"load of a byte", code(adrp, ldrb), 0, 0x1015, code(adrp|1<<29, ldrb|0x15<<10)},
		{"store of 16 bytes", code(adrp, strq), 0, 0x1020, code(adrp|1<<29, strq|2<<10)},
		{"a page without its use", code(adrp), 0, 0x1000, nil},
		{"a page and another instruction", code(adrp, ret), 0, 0x1000, nil},
		{"another instruction", code(ret), 0, 0x1000, nil},
		{"cut off", []byte{0, 0, 0}, 0, 0x1000, nil},
	} {
		place := append([]byte(nil), c.place...)
		ok := ARM64.SetTarget(place, c.at, c.target)
		want := c.want
		if want == nil {
			want = c.place
		}
		if ok != (c.want != nil) || string(place) != string(want) {
			t.Errorf("%s: %v, % x, want % x", c.name, ok, place, want)
		}
		if got, read := ARM64.Target(place, c.at); ok && (!read || got != c.target) {
			t.Errorf("%s: it refers to %#x, not %#x", c.name, got, c.target)
		}
	}
}

// TestMoveARM64 moves code that refers to an address outside: it has to refer to the same one from there.
func TestMoveARM64(t *testing.T) {
	const at, target = 0x120, 0x4568
	for _, c := range []struct {
		name  string
		place []byte
		by    uint64
		ok    bool
	}{
		{"call", code(bl), 0x5000000, true},
		{"call that gets too far", code(bl), 0x9000000, false},
		{"address", code(adrp, add), 0x5000000, true},
		{"load", code(adrp, ldr), 0x5000000, true},
		{"address, by a part of a page", code(adrp, add), 0x5000010, false},
		{"address that gets too far", code(adrp, add), 0x200000000, false},
	} {
		if !ARM64.SetTarget(c.place, at, target) {
			t.Fatal(c.name)
		}
		if ok := MoveARM64(c.place, c.by); ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		} else if got, _ := ARM64.Target(c.place, at+c.by); ok && got != target {
			t.Errorf("%s: it refers to %#x, not %#x", c.name, got, uint64(target))
		}
	}
	if place := code(ret, ret); MoveARM64(place, 0x1000) {
		t.Error("an instruction that refers to nothing was moved")
	}
}

// TestARM64Same tells what the linker writes from what it does not.
func TestARM64Same(t *testing.T) {
	for _, c := range []struct {
		name           string
		object, linked []byte
		want           bool
	}{
		{"call", code(bl), code(bl | 123), true},
		{"call and jump", code(bl), code(b | 123), false},
		{"address", code(adrp, add), code(adrp|3<<29|9<<5, add|0xabc<<10), true},
		{"address in another register", code(adrp, add), code(adrp+1, add), false},
		{"load and store", code(adrp, ldr), code(adrp, ldr&^(1<<22)), false},
		{"load into another register", code(adrp, ldr), code(adrp, ldr+1), false},
		{"thread-local storage", code(movz), code(movz | 16<<5), true},
		{"thread-local storage, in two halves", code(movz|wideHigh, keepBits), code(movz|wideHigh|1<<5, keepBits|16<<5), true},
		{"an offset in other bits", code(movz | wideHigh), code(movz | 16<<5), false},
		{"an operand in the object", code(bl | 1), code(bl | 1), false},
		{"nothing for the linker", code(ret), code(ret), false},
		{"other lengths", code(adrp, add), code(adrp), false},
	} {
		if got := ARM64.Same(c.object, c.linked); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestIsBranch(t *testing.T) {
	for _, c := range []struct {
		name string
		arch Arch
		code []byte
		want bool
	}{
		{"call of amd64", AMD64, []byte{0xe8, 1, 2, 3, 4}, true},
		{"jump of amd64", AMD64, []byte{0xe9, 1, 2, 3, 4}, true},
		{"another of amd64", AMD64, []byte{0x8d, 1, 2, 3, 4}, false},
		{"cut off", AMD64, []byte{0xe8, 1, 2}, false},
		{"call of arm64", ARM64, append([]byte{0}, code(bl)...), true},
		{"another of arm64", ARM64, append([]byte{0x94}, code(ret)...), false},
	} {
		if got := c.arch.IsBranch(c.code); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAMD64Targets(t *testing.T) {
	place := make([]byte, 4)
	for _, c := range []struct {
		at, target uint64
		ok         bool
	}{{0x1000, 0x2000, true}, {0x2000, 0x1000, true}, {0, 1<<31 + 3, true}, {0, 1<<31 + 4, false}} {
		ok := AMD64.SetTarget(place, c.at, c.target)
		if got, _ := AMD64.Target(place, c.at); ok != c.ok || ok && got != c.target {
			t.Errorf("from %#x to %#x: %v, %#x", c.at, c.target, ok, got)
		}
	}
}

func TestOffset(t *testing.T) {
	place := code(movz | 7)
	if !ARM64.SetOffset(place, 16) || ARM64.Offset(place) != 16 || binary.LittleEndian.Uint32(place) != movz|7|16<<5 {
		t.Errorf("% x", place)
	}
	if ARM64.SetOffset(place, -8) || ARM64.SetOffset(place, 1<<16) || ARM64.SetOffset(code(ret), 16) {
		t.Error("an offset was written that does not fit")
	}
	pair := code(movz|wideHigh|3<<5, keepBits)
	if !ARM64.SetOffset(pair, 0x12345) || ARM64.Offset(pair) != 0x12345 || string(pair) != string(code(movz|wideHigh|1<<5, keepBits|0x2345<<5)) {
		t.Errorf("% x", pair)
	}
	if ARM64.SetOffset(pair, -8) || ARM64.SetOffset(pair[:4], 16) || ARM64.SetOffset(code(movz|wideHigh, ret), 16) {
		t.Error("an offset was written that does not fit")
	}
	place = make([]byte, 4)
	if !AMD64.SetOffset(place, -8) || AMD64.Offset(place) != -8 {
		t.Errorf("% x", place)
	}
}
