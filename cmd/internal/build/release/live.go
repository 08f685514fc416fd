package release

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// live replays what the linker's rule for methods takes from the symbols that the program has:
// which types are converted to interfaces, and which methods are called through interfaces.
func (h *harvest) live() Live {
	l := Live{UsedInIface: map[string]bool{}, IfaceMethods: map[MethodSig]bool{}, GenericMethods: map[string]bool{}}
	s := h.set
	inProgram := func(y goobj.Sym) bool { return *h.addr.At(y) != 0 }
	for y := range h.reached() {
		if !s.Defined(y) {
			continue
		}
		flag, flag2 := s.Flags(y)
		if flag&goobj.FlagReflectMethod != 0 {
			l.Reflect = true
		}
		if flag2&goobj.Flag2UsedInIface != 0 {
			l.Use(s, y, inProgram)
		}
		if d := *h.matched.At(y); d != 0 {
			l.MarkUses(s, d, inProgram)
		}
	}
	return l.clone()
}

// clone copies the names out of the mapped archives.
func (l Live) clone() Live {
	c := Live{UsedInIface: map[string]bool{}, IfaceMethods: map[MethodSig]bool{}, GenericMethods: map[string]bool{}, Reflect: l.Reflect}
	for n := range l.UsedInIface {
		c.UsedInIface[strings.Clone(n)] = true
	}
	for m := range l.IfaceMethods {
		c.IfaceMethods[MethodSig{strings.Clone(m.Name), strings.Clone(m.Type)}] = true
	}
	for n := range l.GenericMethods {
		c.GenericMethods[strings.Clone(n)] = true
	}
	return c
}

// MarkUses enters what the markers among the relocations of y say. linked reports the symbols that
// are part of the program.
func (l *Live) MarkUses(s *goobj.Set, y goobj.Sym, linked func(goobj.Sym) bool) {
	for _, r := range s.Relocs(y) {
		switch r.Type {
		case goobj.RUseIface:
			t := r.Sym
			if goobj.IsItab(s.NameOf(t).Name) {
				t = ItabType(s, t)
			}
			l.Use(s, t, linked)
		case goobj.RUseIfaceMethod:
			if t, ok := s.Type(r.Sym); ok {
				m := t.IfaceMethodAt(int(r.Add))
				l.IfaceMethods[MethodSig{m.Name, s.NameOf(m.Type).Name}] = true
			}
		case goobj.RUseNamedMethod:
			l.GenericMethods[string(s.Data(r.Sym))] = true
		}
	}
}

// ItabType is the concrete type of an interface table.
func ItabType(s *goobj.Set, itab goobj.Sym) goobj.Sym {
	for _, r := range s.Relocs(itab) {
		if r.Off == 8 && r.Size == 8 {
			return r.Sym
		}
	}
	return 0
}

// Use marks a type as converted to an interface, and the types that reflection reaches from it, as
// far as they are part of the program.
func (l *Live) Use(s *goobj.Set, y goobj.Sym, linked func(goobj.Sym) bool) {
	if y == 0 {
		return
	}
	name := s.NameOf(y).Name
	if !goobj.IsType(name) || l.UsedInIface[name] {
		return
	}
	l.UsedInIface[name] = true
	if linked(y) {
		l.UseParts(s, y, linked)
	}
}

// UseParts marks what is reached from a type that is converted to an interface.
func (l *Live) UseParts(s *goobj.Set, y goobj.Sym, linked func(goobj.Sym) bool) {
	methods := 0
	for _, r := range s.Relocs(y) {
		switch {
		case r.Type == goobj.RMethodOff:
			// Of the three relocations of a method the first is its function type.
			if methods%3 == 0 {
				l.Use(s, r.Sym, linked)
			}
			methods++
		case r.Size > 0 && !r.Weak:
			l.Use(s, r.Sym, linked)
		}
	}
}
