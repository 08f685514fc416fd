package machine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
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

func TestARM64BusyFar(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  []byte
		ok    bool
		whole bool
	}{
		{"stack check", instructions64(loadGuard, compareSP, bls64(2), ret64, b64(-4)), true, false},
		{"leaf", instructions64(nop64, ret64), true, false},
		{"compares first", instructions64(0xf100041f, ret64), true, false},                          // CMP $1, R0
		{"compares with a register first", instructions64(0xeb01001f, ret64), true, false},          // CMP R1, R0
		{"stores a zero first", instructions64(0xf900001f, ret64), true, false},                     // MOVD ZR, (R0)
		{"takes a frame by a store", instructions64(0xf81f0ffe, ret64), false, false},               // MOVD.W R30, -16(RSP)
		{"takes a frame by two stores", instructions64(0xa9bf7bfd, ret64), false, false},            // STP.W (R29, R30), -16(RSP)
		{"takes a frame by a constant", instructions64(0xd10083ff, ret64), false, false},            // SUB $32, RSP
		{"takes a frame by a register", instructions64(0xcb3b63ff, ret64), false, false},            // SUB R27, RSP
		{"aligns the stack", instructions64(0x927cec1f, ret64), false, false},                       // AND $~15, R0, RSP
		{"computes where the frame will be", instructions64(0xd10103f4, nop64, ret64), true, false}, // SUB $64, RSP, R20
		{"calls first", instructions64(bl64(8), ret64), false, false},
		{"calls through a register first", instructions64(blr64, ret64), false, false},
		{"loop to the entry", instructions64(nop64, nop64, cbnz64(-2), ret64), true, true},
		{"loop to the second instruction", instructions64(nop64, nop64, cbnz64(-1), ret64), true, true},
		{"loop behind the jump", instructions64(nop64, nop64, nop64, cbnz64(-1), ret64), true, false},
		{"nothing", nil, false, false},
	} {
		want := patch.Busy{}
		switch {
		case c.whole:
			want = patch.Busy{Hi: uint32(len(c.code))}
		case c.ok:
			want = patch.Busy{Lo: 1, Hi: 8}
		}
		if got, ok := ARM64.BusyFar(c.code); ok != c.ok || got != want {
			t.Errorf("%s: %v, busy %d-%d, want %d-%d", c.name, ok, got.Lo, got.Hi, want.Lo, want.Hi)
		}
	}
}

func TestARM64Trampoline(t *testing.T) {
	const adrp, add, branch = 0xb0000010, 0x9100c210, 0xd61f0200 // page 0x2000, 0x30
	for _, c := range []struct {
		name string
		code []byte
		want uint64
	}{
		{"a trampoline", instructions64(adrp, add, branch), 0x2030},
		{"through memory", instructions64(adrp, 0xf9401a10, branch), 0},
		{"another register", instructions64(adrp+1, add+0x21, branch), 0},
		{"a call", instructions64(adrp, add, 0xd63f0200), 0},
		{"cut off", instructions64(adrp, add), 0},
		{"nothing", nil, 0},
	} {
		if to, ok := ARM64.Trampoline(c.code, 0x1008); ok != (c.want != 0) || to != c.want {
			t.Errorf("%s: %#x, %v", c.name, to, ok)
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

func TestARM64ThreadOffset(t *testing.T) {
	const adrp, ldr = 0x9000001b, 0xf940037b // to R27, then of R27 to R27
	for _, c := range []struct {
		name string
		code []byte
		off  int
		want []byte
	}{
		{"ADRP, MOVD", instructions64(nop64, adrp, ldr), 4, instructions64(nop64, 0xd2a0001b, 0xf280001b)},
		{"to another register", instructions64(adrp, ldr-1), 0, nil},
		{"of another register", instructions64(adrp-1, ldr), 0, nil},
		{"an operand in the object", instructions64(adrp|1<<5, ldr), 0, nil},
		{"cut off", instructions64(adrp), 0, nil},
		{"negative", instructions64(adrp, ldr), -4, nil},
	} {
		want := c.want
		if want == nil {
			want = bytes.Clone(c.code)
		}
		if got := ARM64.ThreadOffset(c.code, c.off); got != (c.want != nil) || !bytes.Equal(c.code, want) {
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
