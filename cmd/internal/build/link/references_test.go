package link_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
	"golang.org/x/arch/x86/x86asm"
)

// loaded is an image at an address, beside its program.
type loaded struct {
	*edited
	memory *memory
	base   uint64
}

func (e *edited) loaded() *loaded {
	e.t.Helper()
	m, base := e.load()
	return &loaded{e, m, base}
}

// inImage reports an address of the image.
func (l *loaded) inImage(addr uint64) bool {
	return addr >= l.base && addr < l.base+l.patch.Image.Size
}

// instruction is one of a function in the image.
type instruction struct {
	x86asm.Inst
	// target is the address that the instruction has relative to itself, 0 when it has none.
	target uint64
}

func (l *loaded) instructions(name string) (out []instruction) {
	l.t.Helper()
	f := l.imageFunc(name)
	code := l.memory.bytes(l.base+f.Off, int(f.Size))
	for pc := 0; pc < len(code); {
		in, err := x86asm.Decode(code[pc:], 64)
		if err != nil {
			l.t.Fatalf("%s+%#x: %v", name, pc, err)
		}
		pc += in.Len
		i := instruction{Inst: in}
		for _, a := range in.Args {
			next := l.base + f.Off + uint64(pc)
			switch a := a.(type) {
			case x86asm.Mem:
				if a.Base == x86asm.RIP {
					i.target = next + uint64(int64(int32(a.Disp))) // which the decoder does not extend
				}
			case x86asm.Rel:
				i.target = next + uint64(int64(a))
			}
		}
		out = append(out, i)
	}
	return out
}

// addresses are what the LEA instructions of a function compute.
func (l *loaded) addresses(name string) (out []uint64) {
	l.t.Helper()
	for _, in := range l.instructions(name) {
		if in.Op == x86asm.LEA && in.target != 0 {
			out = append(out, in.target)
		}
	}
	return out
}

// leadsTo reports a function that computes the address of some bytes.
func (l *loaded) leadsTo(name, text string, wantImage bool) bool {
	l.t.Helper()
	return slices.ContainsFunc(l.addresses(name), func(a uint64) bool {
		b := l.memory.read(a, len(text))
		return string(b) == text && l.inImage(a) == wantImage
	})
}

const texts = `-- main.go --
package main

//go:noinline
func show(s string) { println(s) }

//go:noinline
func work() {
	show("a text that stays as it is")
	show("a text that goes")
}

func main() { work() }
`

func TestStrings(t *testing.T) {
	l := edit(t, texts, replace(t, texts, "a text that goes", "a text that comes with the edit")).loaded()
	if !l.leadsTo("main.work", "a text that stays as it is", false) {
		t.Error("the text that the program has is not used in place")
	}
	if !l.leadsTo("main.work", "a text that comes with the edit", true) {
		t.Error("the new text is not in the image")
	}
	if bytes.Contains(l.patch.Image.Bytes, []byte("stays as it is")) {
		t.Error("a text that the program has is in the image")
	}
}

const tables = `-- main.go --
package main

//go:noinline
func letter(n int) string {
	switch n {
	case 0:
		return "a"
	case 1:
		return "b"
	case 2:
		return "c"
	case 3:
		return "d"
	case 4:
		return "e"
	case 5:
		return "f"
	case 6:
		return "g"
	case 7:
		return "h"
	}
	return "z"
}

func main() { println(letter(3)) }
`

// TestJumpTables changes a function with a jump table: the program's own table would lead into the old
// body.
func TestJumpTables(t *testing.T) {
	host := recorded(t, tables)
	for name, after := range map[string]string{
		"another text, the same code": replace(t, tables, `return "h"`, `return "i"`),
		"another case":                replace(t, tables, `return "h"`, `return "h" + letter(n-1)`),
	} {
		t.Run(name, func(t *testing.T) {
			e := *host
			e.t, e.patch = t, host.patchFor(t, after)
			l := e.loaded()
			table := l.jumpTable("main.letter")
			f := l.imageFunc("main.letter")
			if !l.inImage(table) {
				t.Fatalf("the table is at %#x, outside of the image", table)
			}
			for i := range uint64(8) {
				if to := l.memory.word(table + 8*i); to < l.base+f.Off || to >= l.base+f.Off+f.Size {
					t.Errorf("case %d leads to %#x, the function is at %#x-%#x", i, to, l.base+f.Off, l.base+f.Off+f.Size)
				}
			}
		})
	}
}

// jumpTable is the table of a function's jump through memory.
func (l *loaded) jumpTable(name string) uint64 {
	l.t.Helper()
	last := uint64(0)
	for _, in := range l.instructions(name) {
		if in.Op == x86asm.LEA && in.target != 0 {
			last = in.target
		}
		if m, ok := in.Args[0].(x86asm.Mem); ok && in.Op == x86asm.JMP && m.Scale == 8 {
			return last
		}
	}
	l.t.Fatalf("%s has no jump table", name)
	return 0
}

const values = `-- main.go --
package main

//go:noinline
func same(n int) int { return n }

//go:noinline
func body(n int) int { return n + 1 }

//go:noinline
func signature(n int) int { return n + 2 }

//go:noinline
func call(f func(int) int) int { return f(1) }

//go:noinline
func callTwo(f func(int, int) int) int { return f(1, 2) }

//go:noinline
func work() int { return call(same) + call(body) + signature(3) }

func main() { println(work(), callTwo(func(a, b int) int { return a + b })) }
`

// TestFunctionValues looks at the values of functions that stay, change, and change their signature. The
// last can't be redirected, so the program's value would lead to the old body.
func TestFunctionValues(t *testing.T) {
	after := replace(t, values, "return n + 1", "return n + 10")
	after = replace(t, after, "signature(n int) int { return n + 2", "signature(n, m int) int { return n + m")
	after = replace(t, after, "signature(3)", "callTwo(signature)")
	l := edit(t, values, after).loaded()
	expect(t, l.patch, "redirect main.work", "redirect main.body", "func main.signature", "!redirect main.signature", "!func main.same")
	leads := map[uint64]uint64{} // to the entry of a function, by the address of a value
	for _, a := range l.addresses("main.work") {
		if b := l.memory.read(a, 8); b != nil {
			leads[le.Uint64(b)] = a
		}
	}
	same, _ := l.record.Lookup("main.same", goobj.ABIInternal)
	old, _ := l.record.Lookup("main.signature", goobj.ABIInternal)
	new := l.base + l.imageFunc("main.signature").Off
	if a, ok := leads[same.Addr]; !ok || l.inImage(a) {
		t.Errorf("the value of the function that stays is at %#x", a)
	}
	if a, ok := leads[new]; !ok || !l.inImage(a) {
		t.Errorf("the value of the function with another signature is at %#x", a)
	}
	if _, ok := leads[old.Addr]; ok {
		t.Error("there is a value of the old function")
	}
}

const converted = `-- main.go --
package main

type shape interface{ area() int }

type sized interface{ size() int }

type square struct{ side int }

func (s square) area() int { return s.side * s.side }

func (s square) size() int { return s.side }

//go:noinline
func measure(s shape) int { return s.area() }

//go:noinline
func weigh(s sized) int { return s.size() }

type dot struct{}

func (dot) size() int { return 1 }

//go:noinline
func work(n int) int { return measure(square{n}) }

func main() { println(work(2), weigh(dot{})) }
`

// TestInterfaceTables looks at how the image comes by the tables that the program has, and by those
// that it lacks: through slots, which are filled in when the image is loaded.
func TestInterfaceTables(t *testing.T) {
	after := replace(t, converted, "return measure(square{n})", "return measure(square{n}) + weigh(square{n}) + weigh(global)")
	after = replace(t, after, "type dot struct{}", "var global sized = &square{5}\n\ntype dot struct{}")
	l := edit(t, converted, after).loaded()
	expect(t, l.patch, "itab main.square,main.sized", "itab *main.square,main.sized", "!itab main.square,main.shape")
	known, _ := l.record.Lookup("go:itab.main.square,main.shape", goobj.ABI0)
	if !slices.Contains(l.addresses("main.work"), known.Addr) {
		t.Error("the table that the program has is not used in place")
	}
	for _, i := range l.patch.Itabs {
		l.checkItab(i)
	}
	if i := l.itab("main.square,main.sized"); !l.loads("main.work", l.base+i.Slots[0]) {
		t.Errorf("no instruction loads the table from its slot %#x", i.Slots[0])
	}
	global := slices.IndexFunc(l.patch.Symbols, func(s patch.Symbol) bool { return s.Name == "main.global<0>" })
	if global < 0 || !slices.Contains(l.itab("*main.square,main.sized").Slots, l.patch.Symbols[global].Off) {
		t.Errorf("the variable that begins with a table is none of its slots: %+v", l.patch.Itabs)
	}
}

func (l *loaded) itab(name string) patch.Itab {
	l.t.Helper()
	for _, i := range l.patch.Itabs {
		if i.Name == name {
			return i
		}
	}
	l.t.Fatalf("the patch has no table %s", name)
	return patch.Itab{}
}

// checkItab checks that slots are empty, writable and nothing else, and that the types are the program's.
func (l *loaded) checkItab(i patch.Itab) {
	l.t.Helper()
	for _, s := range i.Slots {
		if s < l.patch.Image.DataOff || l.memory.word(l.base+s) != 0 {
			l.t.Errorf("slot %#x of %s holds %#x", s, i.Name, l.memory.word(l.base+s))
		}
		if slices.ContainsFunc(l.patch.Relocs, func(r patch.Reloc) bool { return uint64(r.Off)+8 > s && uint64(r.Off) < s+8 }) {
			l.t.Errorf("slot %#x of %s is relocated", s, i.Name)
		}
	}
	sized, _ := l.record.Lookup("type:main.sized", goobj.ABI0)
	if i.Inter != (patch.Ref{Kind: "host", Value: sized.Addr}) {
		l.t.Errorf("%s: interface %+v", i.Name, i.Inter)
	}
}

// loads reports a function that loads a word from an address.
func (l *loaded) loads(name string, addr uint64) bool {
	l.t.Helper()
	return slices.ContainsFunc(l.instructions(name), func(in instruction) bool { return in.Op == x86asm.MOV && in.target == addr })
}

// TestCallsStayNear checks that calls of the image lead to entries, in the program or in the image.
func TestCallsStayNear(t *testing.T) {
	l := edit(t, converted, replace(t, converted, "return measure(square{n})", "return measure(square{n}) + weigh(dot{})")).loaded()
	entries := map[uint64]bool{}
	for _, f := range l.host.Funcs {
		entries[f.Entry] = true
	}
	for _, f := range l.patch.Funcs {
		entries[l.base+f.Off] = true
	}
	for _, f := range l.patch.Funcs {
		for _, in := range l.instructions(f.Name) {
			if in.Op == x86asm.CALL && in.target != 0 && !entries[in.target] {
				t.Errorf("%s calls %#x, where no function begins", f.Name, in.target)
			}
		}
	}
}
