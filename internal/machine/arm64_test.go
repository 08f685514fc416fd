package machine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/gosplice/gosplice/internal/patch"
)

// instructions64 joins instructions of arm64.
func instructions64(words ...uint32) []byte {
	var code []byte
	for _, w := range words {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

// Instructions of arm64. Distances count instructions.
const (
	nop64 = 0xd503201f
	ret64 = 0xd65f03c0
	brk64 = 0xd4200000
	br64  = 0xd61f0220 // BR X17
	blr64 = 0xd63f0000 // BLR X0
)

func b64(distance int) uint32    { return 0x14000000 | uint32(distance)&(1<<26-1) }
func bl64(distance int) uint32   { return 0x94000000 | uint32(distance)&(1<<26-1) }
func bls64(distance int) uint32  { return 0x54000009 | uint32(distance)&(1<<19-1)<<5 }
func cbnz64(distance int) uint32 { return 0xb5000000 | uint32(distance)&(1<<19-1)<<5 }
func tbz64(distance int) uint32  { return 0x36000000 | uint32(distance)&(1<<14-1)<<5 }

func TestARM64Busy(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  []byte
		whole bool
		loops bool
	}{
		{"stack check of a small frame", instructions64(loadGuard, compareSP, bls64(2), ret64, b64(-4)), false, false},
		{"stack check of a large frame", instructions64(loadGuard, 0xd10403f1, compareR17, bls64(2), ret64, b64(-5)), false, false},
		{"stack check of a huge frame", instructions64(loadGuard, 0xd294001b, 0xeb3b63f1, 0x54000063, compareR17, bls64(2), ret64, b64(-7)), false, false},
		{"stack check, and a jump table", instructions64(loadGuard, compareSP, bls64(3), br64, ret64, b64(-5)), false, false},
		{"the beginning of a stack check, and a loop", instructions64(loadGuard, nop64, cbnz64(-2), ret64), true, true},
		{"leaf", instructions64(nop64, ret64), false, false},
		{"loop behind the first instruction", instructions64(nop64, nop64, cbnz64(-1), ret64), false, false},
		{"loop to the entry", instructions64(nop64, nop64, cbnz64(-2), ret64), true, true},
		{"loop to the entry by a bit", instructions64(nop64, tbz64(-1), ret64), true, true},
		{"endless loop", instructions64(b64(0)), true, true},
		{"tail call of another function", instructions64(nop64, b64(0x1000)), false, false},
		{"tail call through a register", instructions64(nop64, br64), true, false},
		{"calls return behind themselves", instructions64(bl64(0), blr64, ret64), false, false},
		{"a part of an instruction", []byte{0, 0, 0}, true, false},
	} {
		want := patch.Busy{Lo: 1, Hi: instruction}
		if c.whole {
			want = patch.Busy{Lo: 0, Hi: uint32(max(len(c.code), instruction))}
		}
		if got := ARM64.Busy(c.code); got != want {
			t.Errorf("%s: busy %d-%d, want %d-%d", c.name, got.Lo, got.Hi, want.Lo, want.Hi)
		}
		if got := ARM64.LoopsAtEntry(c.code); got != c.loops {
			t.Errorf("%s: it loops at its entry: %v", c.name, got)
		}
	}
}

func TestARM64Endless(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want []patch.Span
	}{
		{"returns", instructions64(nop64, ret64), nil},
		{"a loop with a way out", instructions64(bl64(8), cbnz64(-1), ret64), nil},
		{"a loop without", instructions64(cbnz64(3), bl64(8), b64(-1), ret64), []patch.Span{{Lo: 4, Hi: 12}}},
		{"ends in a panic", instructions64(cbnz64(2), ret64, bl64(8), brk64), []patch.Span{{Lo: 8, Hi: 16}}},
		{"leaves by a jump to another function", instructions64(b64(0x1000)), nil},
		{"leaves through a register", instructions64(br64), nil},
	} {
		if got := ARM64.Endless(c.code); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestARM64LoadThroughSlot(t *testing.T) {
	const adrp, add, ldr = 0x90000003, 0x91000064, 0xf9400064 // to R3, then of R3 to R4
	for _, c := range []struct {
		name string
		code []byte
		off  int
		want []byte
	}{
		{"ADRP, ADD", instructions64(nop64, adrp, add), 4, instructions64(nop64, adrp, ldr)},
		{"ADRP, MOVD", instructions64(adrp, ldr), 0, nil},
		{"call", instructions64(bl64(0), add), 0, nil},
		{"cut off", instructions64(adrp), 0, nil},
		{"negative", instructions64(adrp, add), -4, nil},
	} {
		want := c.want
		if want == nil {
			want = bytes.Clone(c.code)
		}
		if got := ARM64.LoadThroughSlot(c.code, c.off); got != (c.want != nil) || !bytes.Equal(c.code, want) {
			t.Errorf("%s: %v, % x", c.name, got, c.code)
		}
	}
}

// FuzzARM64Busy checks that any bytes get an answer that a patch may hold.
func FuzzARM64Busy(f *testing.F) {
	f.Add(instructions64(loadGuard, compareSP, bls64(2), ret64, b64(-4)))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, code []byte) {
		const written = 8 // bytes that are replaced at an entry in one piece
		if b := ARM64.Busy(code); b.Lo > 1 || b.Hi < instruction || int(b.Hi) > max(len(code), written) {
			t.Errorf("busy %d-%d of %d bytes", b.Lo, b.Hi, len(code))
		}
		last := uint32(0)
		for _, s := range ARM64.Endless(code) {
			if s.Lo < last || s.Lo >= s.Hi || int(s.Hi) > len(code) {
				t.Errorf("endless %d-%d of %d bytes", s.Lo, s.Hi, len(code))
			}
			last = s.Hi
		}
	})
}
