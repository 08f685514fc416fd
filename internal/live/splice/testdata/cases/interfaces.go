package main

import (
	"reflect"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

type shape interface {
	Area() int
	Name() string
}

type named interface{ Name() string }

type square struct{ side int }

func (s square) Area() int    { return s.side * s.side }
func (s square) Name() string { return "square" }

type circle struct{ radius int }

func (c circle) Area() int    { return 3 * c.radius * c.radius }
func (c circle) Name() string { return "circle" }

// typeAddr is the address of the type descriptor of a type.
func typeAddr(t reflect.Type) uint64 {
	return uint64((*[2]uintptr)(unsafe.Pointer(&t))[1])
}

func tabOf(s shape) uint64 { return uint64((*[2]uintptr)(unsafe.Pointer(&s))[0]) }

func hashOf(addr uint64) uint32 { w := locate.Word(addr + 16); return *(*uint32)(unsafe.Pointer(&w)) }

//go:noinline
func asShape(v any) (shape, bool) { s, ok := v.(shape); return s, ok }

func itab(p *locate.Program) {
	e := armed(p)
	inter := typeAddr(reflect.TypeFor[shape]())
	for _, v := range []any{square{3}, circle{3}} {
		typ := typeAddr(reflect.TypeOf(v))
		got, err := e.Itab(inter, typ)
		noError(err)
		s, ok := asShape(v)
		expect(ok && tabOf(s) == got, "the table at %#x is not the runtime's", got)
		expect(hashOf(got) == hashOf(typ) && hashOf(got) != 0, "hash %#x instead of %#x", hashOf(got), hashOf(typ))
		again, err := e.Itab(inter, typ)
		expect(err == nil && again == got, "another table the second time")
	}
	_, err := e.Itab(inter, typeAddr(reflect.TypeFor[int]()))
	expect(err != nil, "int implements shape")
	_, err = e.Itab(inter, typeAddr(reflect.TypeFor[time.Duration]()))
	expect(err != nil, "time.Duration implements shape")
}

// refreshItabs damages tables as a linker that dropped methods leaves them.
func refreshItabs(p *locate.Program) {
	e := armed(p)
	inter, unreachable := typeAddr(reflect.TypeFor[shape]()), p.Runtime.Func["runtime.unreachableMethod"]
	dynamic := any(circle{2}) // its table is made at run time
	tab, err := e.Itab(inter, typeAddr(reflect.TypeOf(dynamic)))
	noError(err)
	expect(protection(tab)[1] == 'w', "the table of circle is static")
	static := shape(square{2}) // its table is made by the compiler
	expect(protection(tabOf(static))[1] == '-', "the table of square is not static")

	types := []uint64{typeAddr(reflect.TypeOf(dynamic)), typeAddr(reflect.TypeFor[square]())}
	n, err := e.RefreshItabs(types)
	expect(err == nil && n == 0, "%d refreshed, %v", n, err)

	// One dropped method in each.
	const area, name = 24, 32
	setWord(tab+name, unreachable)
	was := load64(tabOf(static) + area)
	noError(e.Fill(tabOf(static)+area, 8, was, unreachable))
	n, err = e.RefreshItabs(types[:1])
	expect(err == nil && n == 1, "%d refreshed, %v", n, err)
	expect(load64(tabOf(static)+area) == unreachable, "a table of another type was changed")
	n, err = e.RefreshItabs(types)
	expect(err == nil && n == 1, "%d refreshed, %v", n, err)
	expect(protection(tabOf(static))[1] == '-', "the static table is left writable")
	check(static, "square", 4)

	// A table that says that the interface is not implemented.
	setWord(tab+area, 0)
	_, ok := asShape(dynamic)
	expect(!ok, "the damage has no effect")
	n, err = e.RefreshItabs(types)
	expect(err == nil && n == 1, "%d refreshed, %v", n, err)
	s, ok := asShape(circle{2})
	expect(ok, "circle is not a shape")
	check(s, "circle", 12)

	// A type that really does not implement it stays so.
	_, err = e.Itab(inter, typeAddr(reflect.TypeFor[time.Duration]()))
	expect(err != nil, "time.Duration implements shape")
	n, err = e.RefreshItabs([]uint64{typeAddr(reflect.TypeFor[time.Duration]())})
	expect(err == nil && n == 0, "%d refreshed, %v", n, err)
}

//go:noinline
func check(s shape, name string, area int) {
	expect(s.Name() == name && s.Area() == area && s.(named).Name() == name, "%s %d", s.Name(), s.Area())
}

func setWord(addr, v uint64) { *(*uint64)(locate.Pointer(addr)) = v }

// constant lies in read-only data.
const constant = "01234567" + "89abcdef" + "ghijklmn" + "opqrstuv"

//go:noinline
func readConstant() string { return constant }

func fill(p *locate.Program) {
	e := armed(p)
	text := readConstant()
	at := (uint64(uintptr(unsafe.Pointer(unsafe.StringData(text)))) + 7) &^ 7
	expect(protection(at)[:3] == "r--", "constants are %s", protection(at))
	old := load64(at)
	const new = 0x4847464544434241
	var stop atomic.Bool
	reading := make(chan bool)
	go func() { // a reader sees one or the other
		for !stop.Load() {
			v := atomic.LoadUint64((*uint64)(locate.Pointer(at)))
			expect(v == old || v == new, "a reader saw %#x", v)
		}
		close(reading)
	}()
	for range 200 {
		noError(e.Fill(at, 8, old, new))
		noError(e.Fill(at, 8, old, new)) // is there already
		expect(load64(at) == new, "not filled")
		noError(e.Fill(at, 8, new, old))
	}
	stop.Store(true)
	<-reading
	noError(e.Fill(at+4, 4, old>>32, new>>32))
	expect(load64(at) == old&0xffffffff|new>>32<<32, "not filled: %#x", load64(at))
	expect(protection(at)[:3] == "r--", "constants are left %s", protection(at))
	heap := new64()
	for what, err := range map[string]error{
		"another value":  e.Fill(at, 8, 1, 2),
		"unaligned":      e.Fill(at+1, 8, old, new),
		"3 bytes":        e.Fill(at, 3, 0, 1),
		"too large":      e.Fill(at, 4, old, new),
		"code":           e.Fill(p.Text, 8, load64(p.Text), 1),
		"the heap":       e.Fill(uint64(uintptr(unsafe.Pointer(heap))), 8, 0, 1),
		"nothing":        e.Fill(0, 8, 0, 1),
		"past the end":   e.Fill(p.Addr("runtime.end")&^7, 8, 0, 1),
		"the other half": e.Fill(^uint64(7), 8, 0, 1),
	} {
		expect(err != nil, "%s was filled", what)
	}
}

var sink *uint64

func new64() *uint64 { sink = new(uint64); return sink }
