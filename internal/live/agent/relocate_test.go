package agent

import (
	"encoding/binary"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

func TestRelocate(t *testing.T) {
	const base, symbol = 0x20000000, 0x30000040
	for _, c := range []struct {
		name  string
		kind  patch.RelocKind
		value int64
		want  uint64
		ok    bool
	}{
		{"address", patch.AddBase64, 0x123, base + 0x123, true},
		{"address of symbol", patch.AddSym64, 8, symbol + 8, true},
		{"offset from the program's text", patch.AddBase32, 0x40 - 0x400000, base + 0x40 - 0x400000, true},
		{"offset becomes negative", patch.AddBase32, -base - 1, 0, false},
		{"offset too great", patch.AddBase32, 1<<31 - 1, 0, false},
		{"displacement to the program", patch.SubBase32, 0x401000 - 0x104, 0x1_0000_0000 + 0x401000 - 0x104 - base, true},
		{"displacement too far", patch.SubBase32, -1 << 31, 0, false},
		{"offset of symbol", patch.AddSym32, -0x400000, symbol - 0x400000, true},
		{"offset of symbol negative", patch.AddSym32, -symbol - 8, 0, false},
		{"displacement to symbol", patch.RelSym32, -0x104, symbol - base - 0x104, true},
		{"unknown kind", patch.NumRelocKinds, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			memory := make([]byte, 32)
			place, sym := memory[12:], uint32(1)
			binary.LittleEndian.PutUint64(place, uint64(c.value))
			if c.kind.Size() == 4 {
				copy(place[4:], []byte{1, 2, 3, 4})
			}
			err := relocate(memory, base, 0, []patch.Reloc{{Off: 12, Kind: c.kind, Sym: sym}}, []uint64{0, symbol})
			if (err == nil) != c.ok {
				t.Fatalf("err = %v", err)
			}
			if !c.ok {
				return
			}
			if c.kind.Size() == 8 {
				if got := binary.LittleEndian.Uint64(place); got != c.want {
					t.Errorf("got %#x, want %#x", got, c.want)
				}
				return
			}
			if got := binary.LittleEndian.Uint32(place); got != uint32(c.want) {
				t.Errorf("got %#x, want %#x", got, c.want)
			}
			if string(place[4:8]) != "\x01\x02\x03\x04" {
				t.Error("bytes behind the place were changed")
			}
		})
	}
}

// TestRelocateMoved relocates an image for a program that was moved with it: what is relative to the program is as for
// one that was not.
func TestRelocateMoved(t *testing.T) {
	const base, symbol, slide = 0x20000000, 0x30000040, 0x555555000000
	for _, c := range []struct {
		kind  patch.RelocKind
		value int64
		want  uint64
	}{
		{patch.AddBase64, 0x123, base + slide + 0x123},
		{patch.AddSym64, 8, symbol + slide + 8},
		{patch.AddSlide64, 0x401000, 0x401000 + slide},
		{patch.AddBase32, 0x40 - 0x400000, base + 0x40 - 0x400000},
		{patch.SubBase32, 0x401000 - 0x104, 0x1_0000_0000 + 0x401000 - 0x104 - base},
		{patch.AddSym32, -0x400000, symbol - 0x400000},
		{patch.RelSym32, -0x104, symbol - base - 0x104},
	} {
		memory := make([]byte, 8)
		if c.kind.Size() == 8 {
			binary.LittleEndian.PutUint64(memory, uint64(c.value))
		} else {
			binary.LittleEndian.PutUint32(memory, uint32(c.value))
		}
		if err := relocate(memory, base+slide, slide, []patch.Reloc{{Kind: c.kind}}, []uint64{symbol + slide}); err != nil {
			t.Errorf("kind %d: %v", c.kind, err)
			continue
		}
		got, want := binary.LittleEndian.Uint64(memory), c.want
		if c.kind.Size() == 4 {
			want = uint64(uint32(want))
		}
		if got != want {
			t.Errorf("kind %d: %#x, want %#x", c.kind, got, want)
		}
	}
}

// An address for base 0 with a symbol far away must not be taken for one that fits.
func TestRelocateFarSymbol(t *testing.T) {
	err := relocate(make([]byte, 4), 0x20000000, 0, []patch.Reloc{{Kind: patch.RelSym32}}, []uint64{1 << 40})
	if err == nil {
		t.Error("a symbol 1 TB away is reached with 32 bits")
	}
}
