package goobj

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/gorelease"
)

// Sym numbers a symbol of a Set. 0 is no symbol.
type Sym uint32

// Name identifies a symbol by name and ABI.
type Name struct {
	Name string
	ABI  uint16
}

// String is the name as messages show it.
func (n Name) String() string {
	if n.ABI == ABI0 {
		return n.Name + "<0>"
	}
	return n.Name
}

// Set is the objects of one program, with references between them resolved. It is not safe
// for concurrent use.
type Set struct {
	Objects  []*Object
	Foreign  map[string][]Member // by package
	archives []*mapped

	starts   []Sym // first Sym of each object, ascending
	next     Sym
	byPrefix map[string]*Object
	byName   map[Name]Sym
	byHash64 map[hash64]Sym
	byHash   map[[hashSize]byte]Sym
	dups     map[Sym][]Sym
	undef    []Name // names of the symbols that nothing defines, by Sym - undefBase
	release  *gorelease.Release
	builtins []Name

	// originals are the function literals that stand in the source by their names; literals those and their
	// copies; copyNames the names of the copies.
	originals map[Name][]Sym
	literals  map[string][]Sym
	copyNames map[Sym]string
	contents  *Fingerprinter

	byPkg     map[string][]*Object
	all       bool // every object is defined
	elsewhere func(Name) bool
}

type hash64 struct {
	hash [hash64Size]byte
	size uint32
}

// undefBase separates symbols that nothing defines from those of objects.
const undefBase Sym = 1 << 31

// NewSet returns an empty set for objects of one Go release.
func NewSet(release *gorelease.Release) (*Set, error) {
	symbols, err := release.Builtins()
	if err != nil {
		return nil, err
	}
	builtins := make([]Name, len(symbols))
	for i, b := range symbols {
		builtins[i] = Name(b)
	}
	return &Set{
		release:  release,
		Foreign:  map[string][]Member{},
		next:     1,
		byPrefix: map[string]*Object{},
		byName:   map[Name]Sym{},
		byHash64: map[hash64]Sym{},
		byHash:   map[[hashSize]byte]Sym{},
		dups:     map[Sym][]Sym{},
		builtins: builtins,
		byPkg:    map[string][]*Object{},

		originals: map[Name][]Sym{},
		literals:  map[string][]Sym{},
		copyNames: map[Sym]string{},
	}, nil
}

// Load adds the archive of a package. pkg is the import path, "main" for the main package.
// Call Resolve after the last one.
func (s *Set) Load(pkg, path string) error {
	m, err := mapFile(path)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg, err)
	}
	s.archives = append(s.archives, m)
	return s.parse(pkg, path, m.b)
}

// LoadFrom is Load with a cache, which reads and checks the archive only if it does not have it.
func (s *Set) LoadFrom(c *Cache, pkg, path string) error {
	e, err := c.archive(pkg, path)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg, err)
	}
	e.m.users++
	s.archives = append(s.archives, e.m)
	for _, o := range e.archive.Objects {
		mine := *o
		s.add(&mine)
	}
	if len(e.archive.Foreign) > 0 {
		s.Foreign[pkg] = e.archive.Foreign
	}
	return nil
}

// parse adds the objects of an archive.
func (s *Set) parse(pkg, path string, archive []byte) error {
	a, err := parseArchive(pkg, path, archive)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg, err)
	}
	for _, o := range a.Objects {
		s.add(o)
	}
	if len(a.Foreign) > 0 {
		s.Foreign[pkg] = a.Foreign
	}
	return nil
}

// Close unmaps the archives that no cache holds. No symbol name or data of the set may be used after it.
func (s *Set) Close() {
	for _, m := range s.archives {
		m.release()
	}
	s.archives = nil
}

func (s *Set) add(o *Object) {
	o.set, o.first = s, s.next
	s.next += Sym(o.ndef + o.nref)
	s.Objects = append(s.Objects, o)
	s.starts = append(s.starts, o.first)
	if !o.Asm {
		s.byPrefix[pathToPrefix(o.Pkg)] = o
	}
}

// Resolve joins the objects. It fails when an object refers to a package that was not loaded.
func (s *Set) Resolve() error {
	if err := s.ResolveLazily(nil); err != nil {
		return err
	}
	s.defineAll()
	return nil
}

// ResolveLazily joins the objects as far as they are looked at, which takes less time when few are.
// Symbols for which elsewhere is true need not be found: what refers to them knows them without.
func (s *Set) ResolveLazily(elsewhere func(Name) bool) error {
	s.elsewhere = elsewhere
	for _, o := range s.Objects {
		s.byPkg[o.Pkg] = append(s.byPkg[o.Pkg], o)
	}
	for _, o := range s.Objects {
		for i, p := range o.packages() {
			q := s.byPrefix[p]
			if q == nil && i > 0 {
				return fmt.Errorf("package %s refers to package %s, which is not part of the build", o.Pkg, p)
			}
			o.pkgs = append(o.pkgs, q)
		}
		if err := o.checkRefs(len(s.builtins)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) defineAll() {
	if s.all {
		return
	}
	for _, o := range s.Objects {
		s.define(o)
	}
	s.all = true
}

// Define enters what a package defines, so that every reference to it by name is found. Packages
// that changed have to be defined before anything is looked up.
func (s *Set) Define(pkg string) {
	for _, o := range s.byPkg[pkg] {
		s.define(o)
	}
}

// find looks a name up, in the package that it seems to belong to and then in all.
func (s *Set) find(n Name) (Sym, bool) {
	if y, ok := s.named(n); ok || s.all {
		return y, ok
	}
	if o := s.owner(n.Name); o != nil && !o.defined {
		s.Define(o.Pkg)
		if y, ok := s.named(n); ok {
			return y, true
		}
	}
	if strings.HasPrefix(n.Name, "go:info.") || s.elsewhere != nil && s.elsewhere(n) {
		return 0, false
	}
	s.defineHolders(n.Name)
	return s.named(n)
}

// named looks a name up among what is defined.
func (s *Set) named(n Name) (Sym, bool) {
	if y, ok := s.byName[n]; ok {
		return y, true
	}
	if y := s.originals[n]; len(y) == 1 {
		return y[0], true
	}
	if name := WithoutCopy(n.Name); name != n.Name {
		for _, y := range s.literals[name] {
			if s.NameOf(y) == n {
				return y, true
			}
		}
	}
	return 0, false
}

// defineHolders enters what the objects define that may define a name.
func (s *Set) defineHolders(name string) {
	if s.all {
		return
	}
	name = WithoutCopy(name)
	h := nameHash(name)
	for _, o := range s.Objects {
		if o.names == nil {
			s.defineAll() // nothing is known of what the objects hold
			return
		}
		if _, holds := slices.BinarySearch(o.names, h); holds {
			s.define(o)
		}
	}
}

// owner guesses the package of a symbol from its name: what stands before the first dot that
// follows the last slash.
func (s *Set) owner(name string) *Object {
	name = strings.TrimLeft(strings.TrimPrefix(name, "type:"), "*[]")
	if i := strings.IndexAny(name, "[({ "); i >= 0 {
		name = name[:i]
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return nil
	}
	return s.byPrefix[name[:slash+dot]]
}

// define enters the definitions of an object under their names and hashes. Of several
// definitions of one symbol the first with content stands for all; the others are Dups.
func (s *Set) define(o *Object) {
	if o.defined {
		return
	}
	o.defined = true
	o.alias = make([]Sym, o.ndef-o.defs[0]+o.nref)
	for i := range o.ndef {
		y := o.first + Sym(i)
		abi := o.abi(i)
		switch {
		case i < o.defs[0]:
			if abi != ABIStatic && o.name(i) != "" {
				s.defineName(Name{o.name(i), abi}, y)
			}
			continue
		case i < o.defs[0]+o.defs[1]:
			k := hash64{size: o.size(i)}
			copy(k.hash[:], o.b[o.off[blkHash64]+uint32(i-o.defs[0])*hash64Size:])
			y = firstOf(s, s.byHash64, k, y)
		case i < o.defs[0]+o.defs[1]+o.defs[2]:
			var k [hashSize]byte
			copy(k[:], o.b[o.off[blkHash]+uint32(i-o.defs[0]-o.defs[1])*hashSize:])
			y = firstOf(s, s.byHash, k, y)
		case abi == ABIStatic || o.name(i) == "":
		default:
			s.defineName(Name{o.name(i), abi}, y)
			continue // another definition may stand for it: see aliasOf
		}
		o.alias[i-o.defs[0]] = y
	}
	if s.release.ClosuresByContent {
		s.defineClosures(o)
	}
}

// aliasOf is the symbol that stands for hashed or non-package symbol i of o.
func (s *Set) aliasOf(o *Object, i int) Sym {
	s.define(o)
	k := i - o.defs[0]
	if o.alias[k] == 0 {
		o.alias[k] = s.canonical(Name{o.name(i), o.abi(i)})
	}
	return o.alias[k]
}

func firstOf[K comparable](s *Set, m map[K]Sym, k K, y Sym) Sym {
	if old, ok := m[k]; ok {
		s.dups[old] = append(s.dups[old], y)
		return old
	}
	m[k] = y
	return y
}

func (s *Set) defineName(n Name, y Sym) {
	old, ok := s.byName[n]
	switch {
	case !ok:
	case s.content(old) >= s.content(y):
		s.dups[old] = append(s.dups[old], y)
		return
	default:
		s.dups[y] = append(append(s.dups[y], s.dups[old]...), old)
	}
	s.byName[n] = y
}

// content ranks definitions of one name: code or data, zeroed memory, nothing.
func (s *Set) content(y Sym) int {
	switch {
	case len(s.Data(y)) > 0:
		return 2
	case s.Kind(y) != 0:
		return 1
	}
	return 0
}

func (s *Set) canonical(n Name) Sym {
	if y, ok := s.find(n); ok {
		return y
	}
	y := undefBase + Sym(len(s.undef))
	s.undef = append(s.undef, n)
	s.byName[n] = y
	return y
}

// resolve follows a reference of o. One that leads nowhere is no symbol; relocations and auxiliary
// symbols have been checked not to have any.
func (s *Set) resolve(o *Object, pkg, idx uint32) Sym {
	n := int(idx)
	if !o.refOK(pkg, idx, len(s.builtins)) {
		return 0
	}
	switch pkg {
	case 0:
		return 0
	case pkgSelf:
		return s.own(o, n)
	case pkgHashed64:
		return s.aliasOf(o, o.defs[0]+n)
	case pkgHashed:
		return s.aliasOf(o, o.defs[0]+o.defs[1]+n)
	case pkgNone:
		return s.aliasOf(o, o.defs[0]+o.defs[1]+o.defs[2]+n)
	case pkgBuiltin:
		return s.canonical(s.builtins[n])
	}
	return s.own(o.pkgs[pkg], n)
}

// own is a package symbol. Assembly may define the content of a variable that Go code declares.
func (s *Set) own(o *Object, i int) Sym {
	y := o.first + Sym(i)
	if k := o.kind(i); k == 0 || k.IsZero() {
		s.Define(o.Pkg)
		if c, ok := s.byName[Name{o.name(i), o.abi(i)}]; ok && o.abi(i) != ABIStatic {
			return c
		}
	}
	return y
}

func (s *Set) object(y Sym) (*Object, int) {
	lo, hi := 0, len(s.starts)
	for lo < hi {
		m := (lo + hi) / 2
		if s.starts[m] <= y {
			lo = m + 1
		} else {
			hi = m
		}
	}
	o := s.Objects[lo-1]
	return o, int(y - o.first)
}

// pathToPrefix escapes an import path as symbol names do.
func pathToPrefix(path string) string {
	slash := strings.LastIndexByte(path, '/')
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// PackagePrefix is the prefix that the symbols of a package have.
func PackagePrefix(path string) string { return pathToPrefix(path) }
