package goobj

import "iter"

// Reloc is a relocation of a symbol.
type Reloc struct {
	Off  int
	Size int
	Type RelocType
	Weak bool
	Add  int64
	Sym  Sym
}

// Aux is an auxiliary symbol of a symbol.
type Aux struct {
	Type AuxType
	Sym  Sym
}

// inObject reports a symbol of an object, defined or not.
func inObject(y Sym) bool { return y != 0 && y < undefBase }

// Defined reports whether some object defines y.
func (s *Set) Defined(y Sym) bool {
	if !inObject(y) {
		return false
	}
	o, i := s.object(y)
	return i < o.ndef && (o.kind(i) != 0 || len(o.data(i)) > 0)
}

// NameOf is the name of y.
func (s *Set) NameOf(y Sym) Name {
	if s.release.ClosuresByContent && inObject(y) {
		if o, i := s.object(y); o.isClosure(i) {
			return Name{s.closureName(o, i), o.abi(i)}
		}
	}
	return s.ownName(y)
}

// ownName is the name of y in its object.
func (s *Set) ownName(y Sym) Name {
	switch {
	case y == 0:
		return Name{}
	case y >= undefBase:
		return s.undef[y-undefBase]
	}
	o, i := s.object(y)
	return Name{o.name(i), o.abi(i)}
}

// Object is the object that defines y. y must be defined.
func (s *Set) Object(y Sym) *Object {
	o, _ := s.object(y)
	return o
}

// Kind is the kind of y, 0 when nothing defines it.
func (s *Set) Kind(y Sym) Kind {
	if !inObject(y) {
		return 0
	}
	o, i := s.object(y)
	return o.kind(i)
}

// Size is the size of y in bytes.
func (s *Set) Size(y Sym) uint32 {
	if !inObject(y) {
		return 0
	}
	o, i := s.object(y)
	return o.size(i)
}

// Align is the alignment that the compiler asks for, 0 for the default.
func (s *Set) Align(y Sym) uint32 {
	if !inObject(y) {
		return 0
	}
	o, i := s.object(y)
	return o.align(i)
}

// Flags are the two flag bytes of y.
func (s *Set) Flags(y Sym) (flag, flag2 uint8) {
	if !inObject(y) {
		return 0, 0
	}
	o, i := s.object(y)
	return o.flag(i), o.flag2(i)
}

// Data is the initial content of y, with zeros at its relocations. It may be shorter than Size.
func (s *Set) Data(y Sym) []byte {
	if !inObject(y) {
		return nil
	}
	o, i := s.object(y)
	if i >= o.ndef {
		return nil
	}
	return o.data(i)
}

// Hashed reports a symbol that is known by its content, not by a name.
func (s *Set) Hashed(y Sym) bool {
	if !inObject(y) {
		return false
	}
	o, i := s.object(y)
	return i >= o.defs[0] && i < o.defs[0]+o.defs[1]+o.defs[2]
}

// Lookup finds a symbol that an object defines by its name, in all objects: that a symbol need not be found for those
// that refer to it does not hold here.
func (s *Set) Lookup(name string, abi uint16) (Sym, bool) {
	n := Name{name, abi}
	y, _ := s.find(n)
	if !s.Defined(y) && s.elsewhere != nil && s.elsewhere(n) {
		s.defineHolders(name)
		y, _ = s.named(n)
	}
	return y, s.Defined(y)
}

// Dups are further definitions of y.
func (s *Set) Dups(y Sym) []Sym {
	switch flag, _ := s.Flags(y); {
	case flag&FlagDupok == 0:
	case s.Hashed(y):
		s.defineAll()
	default:
		o, i := s.object(y)
		s.defineHolders(o.name(i))
	}
	return s.dupsOf(y)
}

// NumRelocs is the number of relocations of y.
func (s *Set) NumRelocs(y Sym) int {
	if !inObject(y) {
		return 0
	}
	o, i := s.object(y)
	if i >= o.ndef {
		return 0
	}
	lo, hi := o.index(blkRelocIdx, i)
	return int(hi - lo)
}

// Reloc is relocation k of y.
func (s *Set) Reloc(y Sym, k int) Reloc {
	o, i := s.object(y)
	lo, _ := o.index(blkRelocIdx, i)
	b := o.b[o.off[blkReloc]+(lo+uint32(k))*relocSize:]
	t := le.Uint16(b[5:])
	return Reloc{
		Off:  int(int32(le.Uint32(b))),
		Size: int(b[4]),
		Type: RelocType(t &^ 0x8000),
		Weak: t&0x8000 != 0,
		Add:  int64(le.Uint64(b[7:])),
		Sym:  s.resolve(o, le.Uint32(b[15:]), le.Uint32(b[19:])),
	}
}

// Relocs are the relocations of y in order.
func (s *Set) Relocs(y Sym) iter.Seq2[int, Reloc] {
	return func(yield func(int, Reloc) bool) {
		for k := range s.NumRelocs(y) {
			if !yield(k, s.Reloc(y, k)) {
				return
			}
		}
	}
}

// Auxs are the auxiliary symbols of y in order.
func (s *Set) Auxs(y Sym) iter.Seq[Aux] {
	return func(yield func(Aux) bool) {
		if !inObject(y) {
			return
		}
		o, i := s.object(y)
		if i >= o.ndef {
			return
		}
		lo, hi := o.index(blkAuxIdx, i)
		for k := lo; k < hi; k++ {
			b := o.b[o.off[blkAux]+k*auxSize:]
			a := Aux{AuxType(b[0]), s.resolve(o, le.Uint32(b[1:]), le.Uint32(b[5:]))}
			if !yield(a) {
				return
			}
		}
	}
}

// Aux is the first auxiliary symbol of y with a role, or 0.
func (s *Set) Aux(y Sym, t AuxType) Sym {
	for a := range s.Auxs(y) {
		if a.Type == t {
			return a.Sym
		}
	}
	return 0
}

// Definitions are the symbols that an object defines, without those that another object's
// definition stands for.
func (s *Set) Definitions(o *Object) iter.Seq[Sym] {
	return func(yield func(Sym) bool) {
		for i := range o.ndef {
			y := o.first + Sym(i)
			if i >= o.defs[0] && s.aliasOf(o, i) != y {
				continue
			}
			if (o.kind(i) != 0 || len(o.data(i)) > 0) && !yield(y) {
				return
			}
		}
	}
}

// AllNames calls yield for every named definition.
func (s *Set) AllNames() iter.Seq2[Name, Sym] {
	return func(yield func(Name, Sym) bool) {
		for _, p := range s.byName.slots {
			if s.Defined(p.sym) && !yield(s.ownName(p.sym), p.sym) {
				return
			}
		}
	}
}

// AllDefinitions are the symbols that an object defines, also those for which another definition
// stands.
func (s *Set) AllDefinitions(o *Object) iter.Seq[Sym] {
	return func(yield func(Sym) bool) {
		for i := range o.ndef {
			if (o.kind(i) != 0 || len(o.data(i)) > 0) && !yield(o.first+Sym(i)) {
				return
			}
		}
	}
}
