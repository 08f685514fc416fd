package splice

import (
	"slices"
	"testing"
	"unsafe"
)

// A made-up goroutine, stack and code to walk.
type fakeGoroutine struct {
	g     [32]uint64
	stack []uint64
	code  []byte
}

const (
	fakeSched = 7 // index of g.sched
	fakeAsync = 30
)

// newFake is on the heap, which inlining would undo: a test's own stack may be moved, and leaves its address behind.
//
//go:noinline
func newFake() *fakeGoroutine {
	f := &fakeGoroutine{stack: make([]uint64, 64), code: make([]byte, 512)}
	f.g[0], f.g[1] = f.at(0), f.at(len(f.stack))
	for i := range f.code {
		f.code[i] = 0x90
	}
	return f
}

func (f *fakeGoroutine) at(i int) uint64 {
	return uint64(uintptr(unsafe.Pointer(&f.stack[0]))) + 8*uint64(i)
}
func (f *fakeGoroutine) pc(off int) uint64 {
	return uint64(uintptr(unsafe.Pointer(&f.code[0]))) + uint64(off)
}

// call makes the instruction before pc(off) a call and returns the PC.
func (f *fakeGoroutine) call(off int) uint64 {
	f.code[off-2], f.code[off-1] = 0xff, 0xd0
	return f.pc(off)
}

// frame puts a saved frame pointer and a return address at index i.
func (f *fakeGoroutine) frame(i int, parent, ret uint64) { f.stack[i], f.stack[i+1] = parent, ret }

func (f *fakeGoroutine) walk(pc, sp, fp uint64) (seen []uint64, ok bool) {
	f.g[fakeSched], f.g[fakeSched+1], f.g[fakeSched+5] = sp, pc, fp
	w := walker{
		at:      &layout{sched: 8 * fakeSched, sp: 0, pc: 8, bp: 40, asyncSafePoint: 8 * fakeAsync, status: 8 * 31},
		preempt: Range{f.pc(0), f.pc(32)},
		code:    codeMap{program: Range{f.pc(0), f.pc(len(f.code))}},
		see: func(pc uint64, exact bool) {
			if !exact {
				pc--
			}
			seen = append(seen, pc)
		},
	}
	ok = w.walk(uint64(uintptr(unsafe.Pointer(&f.g[0]))))
	return seen, ok
}

func TestWalk(t *testing.T) {
	t.Run("parked", func(t *testing.T) {
		f := newFake()
		f.frame(10, f.at(20), f.call(100))
		f.frame(20, 0, f.call(120))
		f.stack[15] = f.call(300) // stale, in a frame: not seen
		f.expect(t, f.pc(80), f.at(8), f.at(10), f.pc(80), f.pc(99), f.pc(119))
	})
	t.Run("before the frame", func(t *testing.T) {
		f := newFake()
		f.stack[8] = f.call(100) // the caller of the function that has no frame yet
		f.frame(10, 0, f.call(120))
		f.expect(t, f.pc(80), f.at(8), f.at(10), f.pc(80), f.pc(99), f.pc(119))
	})
	t.Run("interrupted leaf", func(t *testing.T) {
		f := newFake()
		f.g[fakeAsync] = 1
		f.frame(4, f.at(6), f.pc(40))  // asyncPreempt2
		f.frame(6, f.at(20), f.pc(80)) // asyncPreempt, pushed at pc 80
		f.stack[8] = f.call(100)       // the caller of the leaf
		f.frame(20, 0, f.call(120))
		f.expect(t, f.pc(10), f.at(2), f.at(4), f.pc(10), f.pc(80), f.pc(99), f.pc(119))
	})
	t.Run("fault in a leaf", func(t *testing.T) {
		f := newFake()
		f.frame(10, f.at(30), f.pc(80)) // sigpanic; no call before pc 80
		f.stack[12] = f.call(100)       // the caller of the leaf
		f.frame(30, 0, f.call(120))
		f.expect(t, f.pc(200), f.at(10), f.at(10), f.pc(200), f.pc(80), f.pc(99), f.pc(119))
	})
	t.Run("broken chain", func(t *testing.T) {
		f := newFake()
		f.frame(10, 12345, f.call(100)) // a frame pointer of C
		f.stack[40] = f.pc(333)
		seen, ok := f.walk(f.pc(80), f.at(8), f.at(10))
		if !ok || !slices.Contains(seen, f.pc(99)) || !slices.Contains(seen, f.pc(333)) {
			t.Errorf("%#x %v", seen, ok)
		}
	})
	t.Run("chain that goes back", func(t *testing.T) {
		f := newFake()
		f.frame(10, f.at(5), f.call(100))
		f.stack[63] = f.pc(333)
		seen, ok := f.walk(f.pc(80), f.at(8), f.at(10))
		if !ok || !slices.Contains(seen, f.pc(333)) {
			t.Errorf("%#x %v", seen, ok)
		}
	})
	t.Run("chain that ends early", func(t *testing.T) {
		f := newFake()
		f.frame(10, 0, f.call(100))
		f.stack[30] = f.pc(333)
		seen, ok := f.walk(f.pc(80), f.at(8), f.at(10))
		if !ok || !slices.Contains(seen, f.pc(333)) {
			t.Errorf("%#x %v", seen, ok)
		}
	})
	t.Run("no stack", func(t *testing.T) {
		f := newFake()
		if seen, ok := f.walk(f.pc(80), 64, f.at(10)); ok {
			t.Errorf("%#x %v", seen, ok)
		}
	})
	t.Run("not started", func(t *testing.T) {
		f := newFake()
		f.expect(t, f.pc(80), f.at(60), 0, f.pc(80))
	})
}

func (f *fakeGoroutine) expect(t *testing.T, pc, sp, fp uint64, want ...uint64) {
	t.Helper()
	if len(f.stack) == 64 && fp != 0 { // the outermost frame has to be near the top
		move := 0
		for i := len(f.stack) - 1; i >= 0 && f.stack[i] == 0; i-- {
			move++
		}
		if move > topRoom/8 {
			f.g[1] = f.at(len(f.stack) - move + 4)
		}
	}
	seen, ok := f.walk(pc, sp, fp)
	if !ok || !slices.Equal(seen, want) {
		t.Errorf("%#x %v, want %#x", seen, ok, want)
	}
}

func TestAfterCall(t *testing.T) {
	if archMissing != "" {
		t.Skip(archMissing)
	}
	f := newFake()
	b := f.code[:64]
	base := f.pc(0)
	in := func(pc uint64) bool { return pc >= base && pc < base+64 }
	target := (base+15)&^15 + 16
	for _, c := range []struct {
		code string
		want bool
	}{
		{"\x90\x90\x90\x90\x90\x90\xff\xd1", true},
		{"\x90\x90\x90\x90\x90\x41\xff\xd4", true},
		{"\x90\x90\x90\x90\x90\x90\xff\xe0", false}, // a jump
		{"\x90\x90\x90\x90\x90\x90\x90\x90", false},
		{"\x90\x90\x90\xe8" + displacement(target-(base+8)), true},
		{"\x90\x90\x90\xe8" + displacement(target+1-(base+8)), false}, // no function starts there
		{"\x90\x90\x90\xe8" + displacement(1<<20), false},             // not in code
		{"\x90\x90\x90\xe9" + displacement(target-(base+8)), false},   // a jump
	} {
		copy(b, c.code)
		if got := afterCall(base+8, in); got != c.want {
			t.Errorf("% x: %v", c.code, got)
		}
	}
}

func displacement(n uint64) string {
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}
