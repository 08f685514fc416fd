package goobj

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/parallel"
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

// Set is the objects of one program, with references between them resolved. After Resolve it is safe for
// concurrent use; one that is resolved lazily never is.
type Set struct {
	Objects  []*Object
	Foreign  map[string][]Member // by package
	archives []*mapped

	starts   []Sym // first Sym of each object, ascending
	next     Sym
	byPrefix map[string]*Object
	blocks   []uint32 // number of the object to which the first Sym of each block belongs
	byName   index
	byHash64 index
	byHash   index
	dups     []Sym  // see addDup
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

// undefBase separates symbols that nothing defines from those of objects.
const undefBase Sym = 1 << 31

// blockBits is the logarithm of the number of symbols that one entry of Set.blocks stands for.
const blockBits = 9

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
		builtins: builtins,
		byPkg:    map[string][]*Object{},

		originals: map[Name][]Sym{},
		literals:  map[string][]Sym{},
		copyNames: map[Sym]string{},
	}, nil
}

// Source is the archive of a package.
type Source struct {
	// Package is the import path, "main" for the main package.
	Package string
	// Path of the archive's file. The go command names archives after their content, so one path never
	// has two contents.
	Path string
}

// Load adds archives. Call Resolve after the last one.
func (s *Set) Load(sources ...Source) error {
	loaded, err := readArchives(sources)
	for _, l := range loaded {
		s.archives = append(s.archives, l.m)
	}
	if err != nil {
		return err
	}
	for i, l := range loaded {
		s.enter(sources[i].Package, l.archive)
	}
	return nil
}

// LoadFrom is Load with a cache, which reads and checks only the archives that it does not have.
func (s *Set) LoadFrom(c *Cache, sources ...Source) error {
	entries, err := c.archives(sources)
	if err != nil {
		return err
	}
	for i, e := range entries {
		e.m.users++
		s.archives = append(s.archives, e.m)
		mine := Archive{Path: e.archive.Path, Foreign: e.archive.Foreign}
		for _, o := range e.archive.Objects {
			copied := *o
			mine.Objects = append(mine.Objects, &copied)
		}
		s.enter(sources[i].Package, &mine)
	}
	return nil
}

// loaded is an archive in memory.
type loaded struct {
	m       *mapped
	archive *Archive
}

// readArchives maps and checks archives. It returns those that it mapped also with an error.
func readArchives(sources []Source) ([]loaded, error) {
	out, errs := make([]loaded, len(sources)), make([]error, len(sources))
	parallel.Each(len(sources), func(_, i int) {
		src, l := sources[i], &out[i]
		if l.m, errs[i] = mapFile(src.Path); errs[i] == nil {
			l.archive, errs[i] = parseArchive(src.Package, src.Path, l.m.b)
		}
	})
	for i, err := range errs {
		if err != nil {
			return slices.DeleteFunc(out, func(l loaded) bool { return l.m == nil }), fmt.Errorf("package %s: %w", sources[i].Package, err)
		}
	}
	return out, nil
}

// parse adds the objects of an archive.
func (s *Set) parse(pkg, path string, archive []byte) error {
	a, err := parseArchive(pkg, path, archive)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg, err)
	}
	s.enter(pkg, a)
	return nil
}

// enter adds the objects of an archive that has been checked.
func (s *Set) enter(pkg string, a *Archive) {
	for _, o := range a.Objects {
		s.add(o)
	}
	if len(a.Foreign) > 0 {
		s.Foreign[pkg] = a.Foreign
	}
}

// Close unmaps the archives that no cache holds. No data of a symbol may be used after it; names may.
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
	s.resolveAll()
	return nil
}

// ResolveLazily joins the objects as far as they are looked at, which takes less time when few are.
// Symbols for which elsewhere is true need not be found: what refers to them knows them without.
func (s *Set) ResolveLazily(elsewhere func(Name) bool) error {
	s.elsewhere = elsewhere
	s.dups = make([]Sym, s.next)
	s.divide()
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
	}
	errs := make([]error, len(s.Objects))
	parallel.Each(len(s.Objects), func(_, i int) { errs[i] = s.Objects[i].checkRefs(len(s.builtins)) })
	return cmp.Or(errs...)
}

// divide notes which objects the blocks of symbols belong to.
func (s *Set) divide() {
	s.blocks = make([]uint32, s.next>>blockBits+1)
	k := 0
	for b := range s.blocks {
		for k+1 < len(s.starts) && s.starts[k+1] <= Sym(b)<<blockBits {
			k++
		}
		s.blocks[b] = uint32(k)
	}
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
	if y := s.indexed(n); y != 0 {
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

// indexed is the symbol that was entered under a name, or 0.
func (s *Set) indexed(n Name) Sym {
	return s.byName.find(n.hash(), func(y Sym) bool { return s.ownName(y) == n })
}

// defineHolders enters what the objects define that may define a name.
func (s *Set) defineHolders(name string) {
	if s.all {
		return
	}
	collectNames(s.Objects)
	name = WithoutCopy(name)
	h := nameHash(name)
	for _, o := range s.Objects {
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
			y = s.firstOf(&s.byHash64, o, i)
		case i < o.defs[0]+o.defs[1]+o.defs[2]:
			y = s.firstOf(&s.byHash, o, i)
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

// firstOf is the first symbol with the content of symbol i of o, which may be that.
func (s *Set) firstOf(x *index, o *Object, i int) Sym {
	y, hash, size := o.first+Sym(i), o.contentHash(i), o.size(i)
	p := x.place(le.Uint32(hash), func(first Sym) bool {
		q, k := s.object(first)
		return bytes.Equal(q.contentHash(k), hash) && (len(hash) == hashSize || q.size(k) == size)
	})
	if p.sym == 0 {
		p.sym = y
	} else {
		s.addDup(p.sym, y)
	}
	return p.sym
}

func (s *Set) defineName(n Name, y Sym) {
	p := s.byName.place(n.hash(), func(old Sym) bool { return s.ownName(old) == n })
	switch old := p.sym; {
	case old == 0 || !inObject(old): // nothing, or what a reference was content with before
		p.sym = y
	case s.content(old) >= s.content(y):
		s.addDup(old, y)
	default:
		s.dups[y] = old
		p.sym = y
	}
}

// isDup marks the entry in Set.dups of a symbol that has no definitions beside it, but is one.
const isDup Sym = 1 << 31

// addDup notes that y is a further definition of first. The entry of first is the last that was noted; that
// one's is the one before it, and so on.
func (s *Set) addDup(first, y Sym) {
	s.dups[y] = s.dups[first] | isDup
	s.dups[first] = y
}

// dupsOf are the further definitions of y in the order in which they were noted.
func (s *Set) dupsOf(y Sym) []Sym {
	if !inObject(y) || s.dups[y]&isDup != 0 {
		return nil
	}
	var out []Sym
	for d := s.dups[y]; d != 0; d = s.dups[d] &^ isDup {
		out = append(out, d)
	}
	slices.Reverse(out)
	return out
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
	s.byName.place(n.hash(), func(Sym) bool { return false }).sym = y
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
		if o.abi(i) == ABIStatic {
			return y
		}
		if c := s.indexed(Name{o.name(i), o.abi(i)}); c != 0 {
			return c
		}
	}
	return y
}

func (s *Set) object(y Sym) (*Object, int) {
	k := int(s.blocks[y>>blockBits])
	for k+1 < len(s.starts) && s.starts[k+1] <= y {
		k++
	}
	o := s.Objects[k]
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
