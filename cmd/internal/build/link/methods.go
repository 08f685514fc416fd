package link

import (
	"maps"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// The program's linker leaves methods out of a type's method table when nothing calls them through
// an interface. What the image makes callable has to be filled in: exactly what the full program
// would have had.

// fill is a word of a method table in the program.
type fill struct {
	addr uint64
	base uint64
	to   goobj.Sym
	name string
	typ  uint64 // address of the type
}

type fillKey struct{ addr uint64 }

func (l *linker) copyLive() {
	r := &l.rec.Live
	l.live = release.Live{
		UsedInIface: maps.Clone(r.UsedInIface), IfaceMethods: maps.Clone(r.IfaceMethods),
		GenericMethods: maps.Clone(r.GenericMethods), Reflect: r.Reflect,
	}
	if l.live.UsedInIface == nil {
		l.live.UsedInIface = map[string]bool{}
	}
	if l.live.IfaceMethods == nil {
		l.live.IfaceMethods = map[release.MethodSig]bool{}
	}
	if l.live.GenericMethods == nil {
		l.live.GenericMethods = map[string]bool{}
	}
}

// fillMethods plans the words that the image needs in the program's method tables, and reports
// whether it found new ones.
func (l *linker) fillMethods() bool {
	found := false
	for i := range l.rec.Pruned {
		t := &l.rec.Pruned[i]
		for k := range t.Methods {
			m := &t.Methods[k]
			// A function type that is linked in makes the method visible to type assertions.
			if m.Empty[0] && l.funcTypes[m.Type] {
				found = l.fillWord(t, m, 0) || found
			}
			if l.live.UsedInIface[t.Name] && l.reached(m.Name, m.Type) {
				for w := range m.Empty {
					if m.Empty[w] {
						found = l.fillWord(t, m, w) || found
					}
				}
			}
		}
	}
	return found
}

// reached is the linker's rule: called through an interface, or possibly through reflection.
func (l *linker) reached(name, typ string) bool {
	return l.live.IfaceMethods[release.MethodSig{Name: name, Type: typ}] || l.live.GenericMethods[name] || l.live.Reflect && goobj.Exported(name)
}

// fillWord plans word w (function type, interface method, method) of a method table's entry.
func (l *linker) fillWord(t *release.PrunedType, m *release.PrunedMethod, w int) bool {
	addr := t.Addr + uint64(m.Off) + 4 + 4*uint64(w)
	if l.filled[fillKey{addr}] {
		return false
	}
	l.filled[fillKey{addr}] = true
	y, ok := l.set.Lookup(t.Name, goobj.ABI0)
	if !ok {
		return false
	}
	d, ok := l.set.Type(y)
	if !ok {
		return false
	}
	for _, have := range d.Methods() {
		if have.Name != m.Name || l.set.NameOf(have.Type).Name != m.Type {
			continue
		}
		f := fill{addr: addr, base: l.rec.Release.Text, name: t.Name + " " + m.Name, typ: t.Addr}
		switch w {
		case 0:
			f.to, f.base = have.Type, l.rec.Runtime.Types
		case 1:
			f.to = have.IfaceFunc
		case 2:
			f.to = have.Func
		}
		l.target(f.to, y)
		l.fills = append(l.fills, f)
		return true
	}
	return false
}
