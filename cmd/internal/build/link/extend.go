package link

import (
	"cmp"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// A type of the program that gains methods gets another method table, in the image: the agent joins the
// program's own table with the new methods, which are written here.

// methodEntry is the size of a method in a table: its name, its type, its entry for interfaces and its entry,
// 4 bytes each.
const methodEntry = 16

type methodTable struct {
	edit.Extension
	methods    []goobj.Method // new ones, in the order of a table
	fresh, all uint64         // offsets of the new ones, and of room for all
}

// placeMethods places what the new methods of types of the program need.
func (l *linker) placeMethods() {
	for _, x := range l.edit.Extensions {
		d, ok := l.set.Type(x.Sym)
		if !ok {
			l.fail("type %s is not described in the edited build", x.Name)
			continue
		}
		t := &methodTable{Extension: x}
		for _, m := range d.Methods() { // as the compiler sorts them
			if slices.Contains(x.New, m.Name) {
				t.methods = append(t.methods, m)
				for _, y := range []goobj.Sym{m.NameSym, m.Type, m.IfaceFunc, m.Func} {
					l.target(y, x.Sym)
				}
			}
		}
		if len(t.methods) != len(x.New) {
			l.fail("type %s lacks a method in the edited build that its source has", x.Name)
			continue
		}
		l.tables = append(l.tables, t)
	}
}

// layoutMethods gives the tables their places, and returns what follows them.
func (l *linker) layoutMethods(at uint64) uint64 {
	for _, t := range l.tables {
		t.fresh = align(at, word)
		t.all = t.fresh + methodEntry*uint64(len(t.methods))
		at = t.all + methodEntry*uint64(t.Had+len(t.methods))
	}
	return at
}

// writeMethods writes the entries of the new methods.
func (l *linker) writeMethods() {
	for _, t := range l.tables {
		for i, m := range t.methods {
			at := t.fresh + methodEntry*uint64(i)
			for k, y := range []goobj.Sym{m.NameSym, m.Type, m.IfaceFunc, m.Func} {
				place := at + 4*uint64(k)
				l.put32(place, l.img.b[place:], l.target(y, t.Sym), -int64(l.offsetBase(y)))
			}
		}
	}
}

// finishMethods enters the tables into the patch, and what has to be known when one changes.
func (l *linker) finishMethods() {
	for _, t := range l.tables {
		exported := 0
		for _, m := range t.methods {
			if goobj.Exported(m.Name) {
				exported++
			}
		}
		if exported > 0 && edit.LooksUpMethods(l.live.Reflect, l.live.GenericMethods) {
			l.fail("%s gains an exported method, while the patch looks methods up by reflection: what it gets would know them by numbers that change", t.Name)
		}
		l.out.MethodTables = append(l.out.MethodTables, patch.MethodTable{
			Name: t.Name, Type: t.Addr, Head: uint32(t.Head),
			New: t.fresh, Count: uint32(len(t.methods)), Exported: uint32(exported),
			Table: t.all, Room: uint32(t.Had + len(t.methods)),
		})
	}
	slices.SortFunc(l.out.MethodTables, func(a, b patch.MethodTable) int { return cmp.Compare(a.Type, b.Type) })
	u := &l.out.MethodUses
	for _, p := range slices.Concat(l.noptr, l.data) {
		if release.IsTypeCache(p.name.Name) {
			u.ImageCaches = append(u.ImageCaches, p.off)
		}
	}
	for i, p := range l.text {
		if release.ReadsMethods(l.set, p.sym) {
			u.ImageReaders = append(u.ImageReaders, uint32(i))
		}
	}
	// What the image brings is listed in any case: a later patch may exchange a table.
	if len(l.tables) > 0 || len(l.fills) > 0 {
		u.Readers, u.Caches = l.rec.MethodUses.Readers, l.rec.MethodUses.Caches
	}
}
