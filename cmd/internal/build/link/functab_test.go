package link_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"sort"
	"testing"
)

// functable reads a function table as the runtime does: a second reading of the same format, which
// shares nothing with the writing.
type functable struct {
	*memory
	text  uint64
	names map[uint64]string // of functions, also of others that this table refers to
}

// newFunctable reads the table of a program, or of an image for the program whose table is host.
func newFunctable(m *memory, host *functable) *functable {
	t := &functable{m, m.field("text"), map[uint64]string{}}
	if host != nil {
		maps.Copy(t.names, host.names)
	}
	for _, f := range t.functions() {
		t.names[f.entry] = f.name
	}
	return t
}

// function is what the runtime knows of one function.
type function struct {
	table *functable
	name  string
	entry uint64
	end   uint64
	at    uint64 // of the _func
}

const (
	funcSize    = 44
	noFuncdata  = 1<<32 - 1
	inlineIndex = 2 // of the tables by pc

	// The tables of a function.
	argumentMaps = 0
	localMaps    = 1
	stackObjects = 2
	inlineTree   = 3
	openDefers   = 4
	argumentInfo = 5
	wrapInfo     = 7
)

// functions lists the functions of the table.
func (t *functable) functions() map[string]*function {
	out := map[string]*function{}
	ftab, funcs := t.field("ftab"), t.field("pclntable")
	n := int(t.word(t.module + t.layout["runtime.moduledata.ftab"] + 8))
	for i := range n - 1 {
		f := &function{table: t, at: funcs + uint64(t.u32(ftab+uint64(8*i)+4))}
		f.entry = t.text + uint64(t.u32(ftab+uint64(8*i)))
		f.end = t.text + uint64(t.u32(ftab+uint64(8*i)+8))
		if e := t.text + uint64(t.u32(f.at)); e != f.entry {
			t.t.Errorf("a function is at %#x in the table and at %#x in its description", f.entry, e)
		}
		f.name = t.cstring(t.field("funcnametab") + uint64(t.u32(f.at+4)))
		if f.flag()&abiWrapper == 0 || out[f.name] == nil {
			out[f.name] = f
		}
	}
	return out
}

const abiWrapper = 1 << 2 // in the flags: written in assembly

// find looks a pc up as the runtime does, through the table of buckets.
func (t *functable) find(pc uint64) uint64 {
	low := t.field("minpc")
	const bucket, sub, size = 4096, 256, 20
	x := pc - low
	b := t.field("findfunctab") + x/bucket*size
	i := uint64(t.u32(b)) + uint64(t.bytes(b+4+x%bucket/sub, 1)[0])
	ftab := t.field("ftab")
	for t.text+uint64(t.u32(ftab+8*(i+1))) <= pc {
		i++
	}
	return t.text + uint64(t.u32(ftab+8*i))
}

func (f *function) u32(off uint64) uint32 { return f.table.u32(f.at + off) }

func (f *function) flag() byte { return f.table.bytes(f.at+41, 1)[0] }

func (f *function) funcID() byte { return f.table.bytes(f.at+40, 1)[0] }

func (f *function) npcdata() uint64 { return uint64(f.u32(28)) }

func (f *function) nfuncdata() int { return int(f.table.bytes(f.at+43, 1)[0]) }

// step is a value that holds up to an offset.
type step struct {
	end   uint32
	value int32
}

// steps decodes a table of values by pc. Its offset is relative to the module's tables.
func (f *function) steps(off uint32) (out []step) {
	if off == 0 {
		return nil
	}
	at := f.table.field("pctab") + uint64(off)
	value, pc := int32(-1), uint32(0)
	for first := true; ; first = false {
		delta, n := f.varint(at)
		at += n
		if delta == 0 && !first {
			return out
		}
		value += int32(delta>>1) ^ -int32(delta&1)
		run, n := f.varint(at)
		at += n
		pc += run
		out = append(out, step{pc, value})
	}
}

func (f *function) varint(at uint64) (uint32, uint64) {
	for n := 1; ; n++ {
		if v, size := binary.Uvarint(f.table.bytes(at, n)); size > 0 {
			return uint32(v), uint64(size)
		}
	}
}

// valueAt is the value that holds at an offset, -1 when there is none.
func valueAt(steps []step, pc uint32) int32 {
	i := sort.Search(len(steps), func(i int) bool { return steps[i].end > pc })
	if i == len(steps) {
		return -1
	}
	return steps[i].value
}

func (f *function) pcdata(i uint64) []step {
	if i >= f.npcdata() {
		return nil
	}
	return f.steps(f.u32(funcSize + 4*i))
}

// funcdata is the address of a table of the function, 0 when it has none.
func (f *function) funcdata(i int) uint64 {
	if i >= f.nfuncdata() {
		return 0
	}
	off := f.u32(funcSize + 4*f.npcdata() + 4*uint64(i))
	if off == noFuncdata {
		return 0
	}
	return f.table.field("gofunc") + uint64(off)
}

// file is the name of a file by its number in the function's compilation unit.
func (f *function) file(n int32) string {
	if n < 0 {
		return "?"
	}
	off := f.table.u32(f.table.field("cutab") + 4*(uint64(f.u32(32))+uint64(n)))
	if off == 1<<32-1 {
		return "?"
	}
	return f.table.cstring(f.table.field("filetab") + uint64(off))
}

// inlined describes the calls that were inlined at an offset, the innermost first.
func (f *function) inlined(pc uint32) string {
	var out bytes.Buffer
	tree := f.funcdata(inlineTree)
	index := valueAt(f.pcdata(inlineIndex), pc)
	for index >= 0 {
		n := tree + 16*uint64(index)
		name := f.table.cstring(f.table.field("funcnametab") + uint64(f.table.u32(n+4)))
		parent := f.table.u32(n + 8)
		fmt.Fprintf(&out, " in %s (id %d, from line %d, called at +%#x)", name, f.table.bytes(n, 1)[0], f.table.u32(n+12), parent)
		index = valueAt(f.pcdata(inlineIndex), parent)
	}
	return out.String()
}

// describe is everything that the runtime can tell of the function at an offset.
func (f *function) describe(pc uint32) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s:%d%s, stack %d", f.file(valueAt(f.steps(f.u32(20)), pc)), valueAt(f.steps(f.u32(24)), pc), f.inlined(pc), valueAt(f.steps(f.u32(16)), pc))
	for i := range f.npcdata() {
		if i != inlineIndex { // which numbers the calls of this function in its own table
			fmt.Fprintf(&out, ", value %d: %d", i, valueAt(f.pcdata(i), pc))
		}
	}
	return out.String()
}

// head is what holds for the whole function.
func (f *function) head() string {
	return fmt.Sprintf("%d bytes of arguments, returns from defers at +%#x, from line %d, id %d, flags %#x, %d tables by pc, %d tables",
		f.u32(8), f.u32(12), f.u32(36), f.funcID(), f.flag(), f.npcdata(), f.nfuncdata())
}

// content shows a table of the function, as far as its length is known.
func (f *function) content(i int) string {
	t, at := f.table, f.funcdata(i)
	if at == 0 {
		return "none"
	}
	switch i {
	case argumentMaps, localMaps:
		n, bits := t.u32(at), t.u32(at+4)
		return fmt.Sprintf("%d maps of %d bits: %x", n, bits, t.bytes(at+8, int(n*((bits+7)/8))))
	case stackObjects:
		var out bytes.Buffer
		for k := range t.word(at) {
			r := at + 8 + 16*k
			size := t.u32(r + 8)
			fmt.Fprintf(&out, "%d bytes at %d with pointers %x; ", t.u32(r+4), int32(t.u32(r)), t.bytes(t.field("rodata")+uint64(t.u32(r+12)), int(size/8+7)/8))
		}
		return out.String()
	case openDefers:
		bits, n := f.varint(at)
		slots, _ := f.varint(at + n)
		return fmt.Sprint(bits, slots)
	case argumentInfo:
		n := 0
		for t.bytes(at+uint64(n), 1)[0] != 0xff {
			n++
		}
		return fmt.Sprintf("%x", t.bytes(at, n))
	case wrapInfo:
		return "wraps " + t.names[t.text+uint64(t.u32(at))]
	}
	return "some"
}

func TestVarints(t *testing.T) {
	b := []byte{0, 2, 6, 0x80, 0x01, 7, 3, 0} // -1 for 6? the first delta may be 0
	m := &memory{t: t, layout: map[string]uint64{"runtime.moduledata.pctab": 0}, module: 100, read: func(addr uint64, n int) []byte {
		if addr >= 100 {
			return make([]byte, n)
		}
		return b[addr-1 : addr-1+uint64(n)]
	}}
	f := &function{table: &functable{memory: m}}
	want := fmt.Sprint([]step{{2, -1}, {130, 2}, {133, -2}})
	if got := fmt.Sprint(f.steps(1)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
