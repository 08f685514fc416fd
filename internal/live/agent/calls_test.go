package agent

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// codeWithCalls is memory with calls, at offsets, of an entry behind it. It is on the
// heap, which inlining would undo: a test's own stack may be moved.
//
//go:noinline
func codeWithCalls(offs ...int) (code []byte, base, entry uint64) {
	words := make([]uint64, 8) // aligned as code is
	code = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 64)
	base = uint64(uintptr(unsafe.Pointer(&words[0])))
	entry = base + 0x1000
	for _, off := range offs {
		code[off] = 0xe8
		binary.LittleEndian.PutUint32(code[off+1:], uint32(entry-(base+uint64(off)+5)))
	}
	return code, base, entry
}

// write does what a switch does.
func write(code []byte, base uint64, writes []splice.Write) {
	for _, w := range writes {
		copy(code[w.Addr-base:], w.New[:])
	}
}

func TestCalls(t *testing.T) {
	// Two calls whose displacements share a word, and one that spans two words.
	code, base, entry := codeWithCalls(8, 13, 26)
	before := slices.Clone(code)
	host := patch.Redirect{Addr: entry, Size: 0x40, Calls: []uint64{base + 9, base + 14, base + 27}}
	made := func(at uint64) *image {
		p := &patch.Patch{Funcs: []patch.Func{{Name: "F", ABI: 1, Off: 0x100, Size: 0x40, Sig: "s", Direct: true}}, Redirects: []patch.Redirect{host}}
		return newImage(p, base+at, make([]byte, 0x200))
	}
	one, two := made(0x10000), made(0x20000)
	now := map[uint64]uint64{}
	to := func(images []*image, target *image, functions int) {
		t.Helper()
		calls := desiredCalls(images, target)
		writes, err := withCalls(nil, calls, now)
		if err != nil {
			t.Fatal(err)
		}
		write(code, base, writes)
		if n := changedCalls(calls, now, images); n != functions {
			t.Errorf("%d functions changed, want %d", n, functions)
		}
	}
	leadTo := func(entry uint64) {
		t.Helper()
		for _, at := range host.Calls {
			if got := at + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(code[at-base:])))); got != entry {
				t.Errorf("the call at +%d leads to %#x, want %#x", at-base, got, entry)
			}
		}
	}
	to([]*image{one}, one, 1)
	leadTo(one.entry(0))
	to([]*image{one}, one, 0)
	to([]*image{one, two}, two, 1)
	leadTo(two.entry(0))
	to([]*image{one, two}, nil, 1)
	if !slices.Equal(code, before) || len(now) != 0 {
		t.Errorf("code % x, not % x; %v", code, before, now)
	}
	if sites, err := desired([]*image{one, two}, two); err != nil || len(sites) != 0 {
		t.Errorf("entries %v are written: %v", sites, err)
	}
	code[26] = 0x90
	if _, err := withCalls(nil, desiredCalls([]*image{one}, one), now); err == nil || !strings.Contains(err.Error(), "no call of F") {
		t.Errorf("a call that is none: %v", err)
	}
}

// TestCheckCalls: what is said to be a call is one, of that function, before anything is switched: most are changed only by
// going back.
func TestCheckCalls(t *testing.T) {
	code, base, _ := codeWithCalls()
	code[8] = 0xe8
	binary.LittleEndian.PutUint32(code[9:], uint32(0x20-13))
	made := func(at uint32, host uint64) *image {
		p := &patch.Patch{Funcs: []patch.Func{{Name: "F", ABI: 1, Off: 0x20, Size: 0x10, Direct: true, Calls: []uint32{at}}}}
		if host != 0 {
			p.Funcs[0].Calls, p.HostCalls = nil, []patch.HostCall{{Addr: host, Calls: []uint32{at}}}
		}
		return newImage(p, base, code)
	}
	for _, m := range []*image{made(9, 0), made(9, base+0x20)} {
		if err := m.checkCalls(code); err != nil {
			t.Error(err)
		}
	}
	for what, m := range map[string]*image{
		"no call": made(10, 0), "behind the image": made(62, 0), "in front of it": made(0, 0), "another function of the program": made(9, base+0x30), "no call of the program": made(20, base+0x20),
	} {
		if err := m.checkCalls(code); problemOf(err).reason != control.ReasonMalformed {
			t.Errorf("%s: %v", what, err)
		}
	}
}
