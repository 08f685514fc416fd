package goobj

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// From Go 1.27 on the names of function literals are not unique. A literal that the compiler compiled once
// more, where the function around it was inlined, has the name of the original, and the linker tells
// them apart by a hash of their content. Here the original keeps the name, and each copy has a suffix that is made of its
// content, and of a number if others have the same. So a name means the same function in both of two builds, or it is
// found in one of them only.

// copyMark separates the name of a literal from what tells its copies apart.
const copyMark = "#"

// copyDigits is the length of what follows.
const copyDigits = 16

// WithoutCopy is the name of a function as the program has it: without the suffix of a copy.
func WithoutCopy(name string) string {
	if i := len(name) - copyDigits - len(copyMark); i > 0 && name[i:i+len(copyMark)] == copyMark && strings.Trim(name[i+1:], "0123456789abcdef") == "" {
		return name[:i]
	}
	return name
}

// isClosure reports a function that is known by its content: symbol i of o.
func (o *Object) isClosure(i int) bool {
	return i >= o.defs[0]+o.defs[1] && i < o.defs[0]+o.defs[1]+o.defs[2] && o.kind(i).IsText()
}

// closure is a function that is known by its content, of which y is a definition.
func (s *Set) closure(y Sym) (first Sym, ok bool) {
	if !inObject(y) {
		return 0, false
	}
	o, i := s.object(y)
	if !o.isClosure(i) {
		return 0, false
	}
	return s.aliasOf(o, i), true
}

// copied reports a function literal that is no original, but a copy with a content of its own.
func (s *Set) copied(y Sym) bool {
	first, ok := s.closure(y)
	if !ok {
		return false
	}
	o, i := s.object(first)
	n := Name{o.name(i), o.abi(i)}
	s.defineHolders(n.Name)
	originals := s.originals[n]
	return len(originals) != 1 || originals[0] != first
}

// closureName is the name of definition i of o, a function literal.
func (s *Set) closureName(o *Object, i int) string {
	name := o.name(i)
	if !s.copied(o.first + Sym(i)) {
		return name
	}
	first := s.aliasOf(o, i)
	if _, ok := s.copyNames[first]; !ok {
		s.nameCopies(name)
	}
	return s.copyNames[first]
}

// nameCopies gives the copies of the literals with a name their names. Those that differ only in data of their own, such as
// what a type assertion remembers, have one content and are several functions: they are counted. Which of them has which
// number says nothing: any may stand for any other in another build.
func (s *Set) nameCopies(name string) {
	if s.contents == nil {
		s.contents = NewFingerprinter(s)
	}
	equal := map[Fingerprint]uint64{}
	for _, y := range slices.Sorted(slices.Values(s.literals[name])) {
		if !s.copied(y) {
			continue
		}
		fp := s.contents.Of(y)
		suffix := fp
		if n := equal[fp]; n > 0 {
			h := sha256.New()
			h.Write(fp[:])
			number(h, n)
			copy(suffix[:], h.Sum(nil))
		}
		equal[fp]++
		s.copyNames[y] = name + copyMark + hex.EncodeToString(suffix[:copyDigits/2])
	}
}

// Copies are the function literals with a name in the program, the original and all others.
func (s *Set) Copies(name string) []Sym {
	s.defineHolders(name)
	return s.literals[name]
}

// defineClosures enters the function literals of o under their names. The first definition with a
// content stands for all.
func (s *Set) defineClosures(o *Object) {
	var closures []int
	for i := o.defs[0] + o.defs[1]; i < o.defs[0]+o.defs[1]+o.defs[2]; i++ {
		if o.isClosure(i) {
			closures = append(closures, i)
		}
	}
	if len(closures) == 0 {
		return
	}
	for _, i := range closures {
		if first, name := o.alias[i-o.defs[0]], o.name(i); !slices.Contains(s.literals[name], first) {
			s.literals[name] = append(s.literals[name], first)
		}
	}
	for i := range o.originals(closures) {
		n, first := Name{o.name(i), o.abi(i)}, o.alias[i-o.defs[0]]
		if !slices.Contains(s.originals[n], first) {
			s.originals[n] = append(s.originals[n], first)
		}
	}
}

// originals finds, among the function literals of an object, those that were compiled where they stand: the
// function whose name is the beginning of theirs refers to them, and is an original itself.
func (o *Object) originals(closures []int) map[int]bool {
	functions := map[string][]int{}
	for i := range o.ndef {
		if o.kind(i).IsText() {
			functions[o.name(i)] = append(functions[o.name(i)], i)
		}
	}
	// The function around a literal has the shorter name, and comes before it.
	closures = slices.Clone(closures)
	slices.SortStableFunc(closures, func(a, b int) int { return len(o.name(a)) - len(o.name(b)) })
	found := map[int]bool{}
	within := map[string]map[string][]int{} // name of a function -> name of a literal -> those that it refers to
	for _, i := range closures {
		name := o.name(i)
		around := enclosing(name)
		if around == pathToPrefix(o.Pkg)+".init" {
			// Of a variable's initialiser, which may be static data and no code; it is never inlined.
			found[i] = true
			continue
		}
		if within[around] == nil {
			within[around] = map[string][]int{}
			for _, f := range functions[around] {
				if o.isClosure(f) && !found[f] {
					continue
				}
				for _, c := range o.closuresOf(f) {
					if of := within[around][o.name(c)]; !slices.Contains(of, c) {
						within[around][o.name(c)] = append(of, c)
					}
				}
			}
		}
		of := within[around][name]
		found[i] = slices.Contains(of, i) && !slices.ContainsFunc(of, func(c int) bool { return !bytes.Equal(o.contentHash(c), o.contentHash(i)) })
	}
	maps.DeleteFunc(found, func(_ int, is bool) bool { return !is })
	return found
}

// enclosing is the name of the function that a literal stands in: "p.f" for "p.f.func1", "p.f.func1" for "p.f.func1.2"
// and "p.f-range1".
func enclosing(name string) string {
	if i := strings.LastIndexAny(name, ".-"); i > 0 {
		return name[:i]
	}
	return ""
}

// closuresOf lists the function literals to which function f refers: directly, through read-only and
// static data, or because it has them inlined.
func (o *Object) closuresOf(f int) []int {
	var out []int
	seen := map[int]bool{}
	var walk func(i int)
	visit := func(pkg, idx uint32) {
		i, ok := o.local(pkg, idx)
		if !ok || seen[i] {
			return
		}
		seen[i] = true
		switch {
		case o.kind(i).IsText():
			if o.isClosure(i) {
				out = append(out, i)
			}
		case o.flag(i)&FlagGoType == 0 && !o.kind(i).IsDwarf():
			walk(i)
		}
	}
	walk = func(i int) {
		lo, hi := o.index(blkRelocIdx, i)
		for k := lo; k < hi; k++ {
			b := o.b[o.off[blkReloc]+k*relocSize:]
			visit(le.Uint32(b[15:]), le.Uint32(b[19:]))
		}
	}
	seen[f] = true
	walk(f)
	lo, hi := o.index(blkAuxIdx, f)
	for k := lo; k < hi; k++ {
		b := o.b[o.off[blkAux]+k*auxSize:]
		i, ok := o.local(le.Uint32(b[1:]), le.Uint32(b[5:]))
		if !ok || AuxType(b[0]) != AuxFuncInfo {
			continue
		}
		for call := range slices.Chunk(inlineNodes(o.data(i)), inlineNodeSize) {
			visit(le.Uint32(call[12:]), le.Uint32(call[16:]))
		}
	}
	return out
}

// local is the definition in o to which a reference leads, if it leads to one.
func (o *Object) local(pkg, idx uint32) (i int, ok bool) {
	switch pkg {
	case pkgSelf:
		i = int(idx)
	case pkgHashed64:
		i = o.defs[0] + int(idx)
	case pkgHashed:
		i = o.defs[0] + o.defs[1] + int(idx)
	case pkgNone:
		i = o.defs[0] + o.defs[1] + o.defs[2] + int(idx)
	default:
		return 0, false
	}
	return i, i >= 0 && i < o.ndef
}
