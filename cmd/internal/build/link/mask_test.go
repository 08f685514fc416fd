package link_test

import (
	"strings"
	"testing"
)

// masked adds variables of all kinds of types to a program that has none of them.
const masked = `-- main.go --
package main

import "time"

//go:noinline
func work() int { return time.Now().Year() }

func main() { println(work()) }
`

const maskedEdit = `-- main.go --
package main

import (
	"time"
	"unsafe"
)

type node struct {
	n    int
	next *node
	name string
	any  any
	list []int
	size [3]int8
}

type wide struct {
	a [7]uintptr
	b [130]*int
	c struct {
		x float64
		f func()
		m map[string]int
		c chan int
	}
}

var (
	number   int
	small    int8
	pointer  *int
	text     string
	words    []string
	iface    any
	function func()
	one      node
	two      [2]node
	thousand [1000]node
	million  [1 << 20]struct {
		n int32
		p *node
	}
	nested  [300][5]wide
	// What these have is described in other packages.
	pointers [20000]*int
	ifaces   [20000]any
	errors   [20000]error
	slices   [20000][]int
	strings  [20000]string
	funcs    [20000]func()
	maps     [20000]map[string]int
	chans    [20000]chan int
	raw      [20000]unsafe.Pointer
	times    [20000]time.Time
	square   [200][200]*time.Location
	fields   [20000]struct {
		time.Time
		d time.Duration
		e error
	}
	numbers [1 << 16]int
	empty   struct{}
	inArray [200]struct {
		empty struct{}
		pad   [31]byte
		p     *int
		tail  [100]int
	}
	start  = node{n: 1, name: "start", next: &second}
	second = node{name: "second"}
	table  = [40]*node{3: &start}
	pairs  = [500]struct {
		n int
		s string
	}{{1, "a"}, {2, "b"}}
	constant = [4]int{1, 2, 3, 4}
)

//go:noinline
func use(x ...any) int { return len(x) }

//go:noinline
func work() int {
	return use(&number, &small, &pointer, &text, &words, &iface, &function, &one, &two, &thousand, &million, &nested, &numbers,
		&pointers, &ifaces, &errors, &slices, &strings, &funcs, &maps, &chans, &raw, &times, &square, &fields,
		&empty, &inArray, &start, &second, &table, &pairs, &constant)
}

func main() { println(work()) }
`

// TestPointerMasks compares what the garbage collector is told of new variables with what the linker
// tells it of the same variables in the full build of the edited program.
func TestPointerMasks(t *testing.T) {
	e := edit(t, masked, maskedEdit)
	full := e.full()
	loaded, base := e.load()
	got, want := newRoots(loaded), newRoots(programMemory(t, full))
	seen := 0
	for _, s := range e.patch.Symbols {
		name := strings.TrimSuffix(s.Name, "<0>")
		if s.Kind != "var" || !strings.HasPrefix(name, "main.") || s.Size == 0 {
			continue
		}
		addr, ok := full.Symbols[name]
		if !ok {
			t.Errorf("the full program lacks %s", name)
			continue
		}
		seen++
		g, w := got.mask(base+s.Off, s.Size), want.mask(addr, s.Size)
		if g != w {
			t.Errorf("%s: pointers %s\nfull program: %s", name, shorten(g), shorten(w))
		}
	}
	if seen < 31 {
		t.Errorf("%d variables were compared", seen)
	}
	got.insideOnly(e.patch.Image.Size, base)
}

func shorten(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// roots are the variables that the garbage collector scans in a module.
type roots struct {
	*memory
	parts []part
}

type part struct {
	lo, hi uint64
	bits   []bool
}

func newRoots(m *memory) *roots {
	r := &roots{memory: m}
	for _, names := range [][3]string{{"data", "edata", "gcdata"}, {"bss", "ebss", "gcbss"}} {
		lo, hi := m.field(names[0]), m.field(names[1])
		r.parts = append(r.parts, part{lo, hi, m.run(m.field(names[2]))})
	}
	return r
}

// run executes a program of the garbage collector: 0 ends it; 1 to 127 are followed by as many
// literal bits; 128+n repeats the last n bits as often as the number says that follows, where n
// follows first when it is 0.
func (m *memory) run(at uint64) (bits []bool) {
	number := func() (n int) {
		for shift := 0; ; shift += 7 {
			b := m.bytes(at, 1)[0]
			at++
			n |= int(b&0x7f) << shift
			if b < 0x80 {
				return n
			}
		}
	}
	for {
		op := int(m.bytes(at, 1)[0])
		at++
		switch n := op & 0x7f; {
		case op == 0:
			return bits
		case op < 0x80:
			for i := range n {
				bits = append(bits, m.bytes(at+uint64(i/8), 1)[0]>>(i%8)&1 != 0)
			}
			at += uint64(n+7) / 8
		default:
			if n == 0 {
				n = number()
			}
			for range number() {
				bits = append(bits, bits[len(bits)-n:]...)
			}
		}
	}
}

// mask shows the words of a variable that are scanned, "not scanned" when none can be.
func (r *roots) mask(addr, size uint64) string {
	for _, p := range r.parts {
		if addr < p.lo || addr >= p.hi {
			continue
		}
		var out strings.Builder
		for at := addr; at+8 <= addr+size; at += 8 {
			i := int(at-p.lo) / 8
			switch {
			case i < len(p.bits) && p.bits[i]:
				out.WriteByte('1')
			default:
				out.WriteByte('0')
			}
		}
		return out.String()
	}
	return "not scanned"
}

// insideOnly checks that all that is scanned lies in the image.
func (r *roots) insideOnly(size, base uint64) {
	r.t.Helper()
	for _, p := range r.parts {
		if p.lo%8 != 0 || p.lo > p.hi || p.lo < base || p.hi > base+size || uint64(len(p.bits)) > (p.hi-p.lo)/8 {
			r.t.Errorf("the mask of %#x-%#x has %d bits; the image is %#x-%#x", p.lo, p.hi, len(p.bits), base, base+size)
		}
	}
}
