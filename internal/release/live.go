package release

import (
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
)

// live replays what the linker's rule for methods takes from the symbols that the program has:
// which types are converted to interfaces, and which methods are called through interfaces.
func (h *harvest) live() Live {
	l := Live{UsedInIface: map[string]bool{}, IfaceMethods: map[MethodSig]bool{}, GenericMethods: map[string]bool{}}
	s := h.set
	for y := range h.addr {
		if !s.Defined(y) {
			continue
		}
		if flag, _ := s.Flags(y); flag&goobj.FlagReflectMethod != 0 {
			l.Reflect = true
		}
		if _, flag2 := s.Flags(y); flag2&goobj.Flag2UsedInIface != 0 {
			UseInIface(s, y, l.UsedInIface, nil)
		}
		if d, ok := h.matched[y]; ok {
			MarkUses(s, d, &l, nil)
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

// MarkUses enters what the markers among the relocations of y say into l. used is called for each
// type symbol that is newly known to be converted to an interface; it may be nil.
func MarkUses(s *goobj.Set, y goobj.Sym, l *Live, used func(goobj.Sym)) {
	for _, r := range s.Relocs(y) {
		switch r.Type {
		case goobj.RUseIface:
			t := r.Sym
			if goobj.IsItab(s.NameOf(t).Name) {
				t = ItabType(s, t)
			}
			UseInIface(s, t, l.UsedInIface, used)
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

// UseInIface marks a type, and the types that reflection can reach from it.
func UseInIface(s *goobj.Set, y goobj.Sym, seen map[string]bool, used func(goobj.Sym)) {
	if y == 0 {
		return
	}
	name := s.NameOf(y).Name
	if flag, _ := s.Flags(y); !goobj.IsType(name) || seen[name] || s.Defined(y) && flag&goobj.FlagGoType == 0 {
		return
	}
	seen[name] = true
	if used != nil {
		used(y)
	}
	methods := 0
	for _, r := range s.Relocs(y) {
		switch {
		case r.Type == goobj.RMethodOff:
			// Of the three relocations of a method the first is its function type.
			if methods%3 == 0 {
				UseInIface(s, r.Sym, seen, used)
			}
			methods++
		case r.Size > 0 && !r.Weak:
			UseInIface(s, r.Sym, seen, used)
		}
	}
}
