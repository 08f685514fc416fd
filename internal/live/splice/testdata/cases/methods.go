package main

import (
	"encoding/binary"
	"reflect"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

const (
	methodEntry = 16 // bytes
	// Bytes of the description of a struct, and of time.Duration, before what says where the methods are.
	structHead = 80
	basicHead  = 48
)

type entry [methodEntry]byte

// linked is an exported method of a type whose functions are linked.
func linked(typ, head uint64) entry {
	counts, place := locate.Word(typ+head), locate.Word(typ+head+8)
	table := typ + head + uint64(binary.LittleEndian.Uint32(place[:]))
	for i := range uint64(binary.LittleEndian.Uint16(counts[4:])) {
		first, second := locate.Word(table+i*methodEntry), locate.Word(table+i*methodEntry+8)
		m := entry(append(first[:], second[:]...))
		if mtyp := binary.LittleEndian.Uint32(m[4:]); mtyp != 0 && mtyp != 1<<32-1 {
			return m
		}
	}
	panic("no method is linked")
}

// mergeMethods merges the table of a type with a method of another one, and tries what a damaged patch may ask for.
func mergeMethods(p *locate.Program) {
	e := armed(p)
	typ := typeAddr(reflect.TypeFor[square]())
	var any any = time.Second
	expect(any.(interface{ String() string }).String() == "1s", "no method")
	fresh := linked(typeAddr(reflect.TypeFor[time.Duration]()), basicHead)

	r, err := e.Reserve(4*page, p.Text, p.Addr("runtime.end"), 0, false)
	noError(err)
	const newAt, tableAt = 2 * page, 2*page + 0x100
	at := func(off uint64, m entry) { copy(r.Bytes()[off:], m[:]) }
	at(newAt, fresh)
	at(newAt+0x20, linked(typ, structHead))
	at(newAt+0x80, fresh)
	at(newAt+0x90, fresh)
	spoil := func(off uint64, word int, v uint32) {
		m := fresh
		binary.LittleEndian.PutUint32(m[4*word:], v)
		at(off, m)
	}
	spoil(newAt+0x40, 0, 0)       // no name
	spoil(newAt+0x50, 1, 1<<32-1) // no type
	spoil(newAt+0x60, 1, 8)       // no description of a type
	spoil(newAt+0x70, 0, 1<<31-1) // a name beyond the types

	merge := func(typ, head, fresh uint64, count, exported int, into uint64, n int, entry func(uint64) bool) error {
		table, err := e.MergeMethods(typ, head, fresh, count, exported, into, n, entry)
		if err == nil {
			expect(table.Count == 3 && table.Exported == 3 && table.Table == into && table.Type == typ, "merged to %+v", table)
		}
		return err
	}
	yes := func(uint64) bool { return true }
	base := r.Base()
	expect(merge(typ, structHead, base+newAt, 1, 1, base+tableAt, 3, yes) != nil, "merged before sealing")
	noError(r.Seal(page, page, 2*page))

	no := func(uint64) bool { return false }
	for _, bad := range []struct {
		what       string
		typ, head  uint64
		fresh      uint64
		count, exp int
		into       uint64
		n          int
		entry      func(uint64) bool
	}{
		{"no type", typ + 8, structHead, base + newAt, 1, 1, base + tableAt, 3, yes},
		{"a type outside of the program", base + newAt, structHead, base + newAt, 1, 1, base + tableAt, 3, yes},
		{"another head", typ, structHead + 8, base + newAt, 1, 1, base + tableAt, 3, yes},
		{"a type without methods", typeAddr(reflect.TypeFor[[3]int32]()), 72, base + newAt, 1, 1, base + tableAt, 3, yes},
		{"another number", typ, structHead, base + newAt, 1, 1, base + tableAt, 4, yes},
		{"a table in the read-only part", typ, structHead, base + newAt, 1, 1, base + page, 3, yes},
		{"a table beyond the end", typ, structHead, base + newAt, 1, 1, base + 4*page - 16, 3, yes},
		{"a table that is not aligned", typ, structHead, base + newAt, 1, 1, base + tableAt + 4, 3, yes},
		{"a table below the type", typ, structHead, base + newAt, 1, 1, p.Text, 3, yes},
		{"methods elsewhere", typ, structHead, typ, 1, 1, base + tableAt, 3, yes},
		{"methods beyond the end", typ, structHead, base + 4*page, 1, 1, base + tableAt, 3, yes},
		{"a method that is there", typ, structHead, base + newAt + 0x20, 1, 1, base + tableAt, 3, yes},
		{"the same method twice", typ, structHead, base + newAt + 0x80, 2, 2, base + tableAt, 4, yes},
		{"a method without a name", typ, structHead, base + newAt + 0x40, 1, 1, base + tableAt, 3, yes},
		{"a method without a type", typ, structHead, base + newAt + 0x50, 1, 1, base + tableAt, 3, yes},
		{"a method with no type", typ, structHead, base + newAt + 0x60, 1, 1, base + tableAt, 3, yes},
		{"a name beyond the types", typ, structHead, base + newAt + 0x70, 1, 1, base + tableAt, 3, yes},
		{"a method that leads to no function", typ, structHead, base + newAt, 1, 1, base + tableAt, 3, no},
		{"an exported method that is not said to be", typ, structHead, base + newAt, 1, 0, base + tableAt, 3, yes},
	} {
		expect(merge(bad.typ, bad.head, bad.fresh, bad.count, bad.exp, bad.into, bad.n, bad.entry) != nil, "%s was accepted", bad.what)
	}
	noError(merge(typ, structHead, base+newAt, 1, 1, base+tableAt, 3, yes))
	s, ok := asShape(square{3})
	expect(ok && s.Name() == "square" && reflect.TypeFor[square]().NumMethod() == 2, "the type changed before the switch")
}
