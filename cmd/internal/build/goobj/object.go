package goobj

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

var le = binary.LittleEndian

// Object is one compiled or assembled object inside an archive. Its accessors read the
// archive's bytes in place; Parse has checked every index that they follow.
type Object struct {
	// Pkg is the import path that the go command gave, "main" for the main package.
	Pkg string
	// Asm is set for assembled objects.
	Asm bool

	directives string // cgo's, as the compiler writes them; "" for none

	b []byte
	// strings is a copy of the part of b that has the strings: names go on into what outlives the archive.
	strings string
	off     [numBlocks]uint32
	defs    [4]int // number of package, hashed64, hashed and non-package definitions
	ndef    int
	nref    int

	// statics are the names of symbols that are local to an assembled object, by index; "" for others.
	statics []string
	// names are the hashes of the names that the object defines, ascending; nil when they were not
	// collected.
	names []uint32

	set     *Set
	first   Sym // the Set's number of symbol 0
	defined bool
	alias   []Sym // Set numbers of the hashed and non-package symbols, by index - defs[0]
	pkgs    []*Object
}

var errCorrupt = errors.New("corrupt Go object")

// parseObject checks an object's tables. body starts at the "go object" header line.
func parseObject(pkg string, body []byte) (*Object, error) {
	const sep = "\n!\n" // cgo's directives may stand before it
	i := strings.Index(unsafe.String(unsafe.SliceData(body), len(body)), sep)
	if i < 0 {
		return nil, errCorrupt
	}
	head, b := body[:i], body[i+len(sep):]
	if len(b) < headerSize || string(b[:8]) != magic {
		return nil, fmt.Errorf("%w: object format %q is not known; this gosplice reads %q", errCorrupt, b[:min(8, len(b))], magic)
	}
	o := &Object{Pkg: pkg, directives: cgoDirectives(head), b: b, Asm: le.Uint32(b[16:])&objFromAssembly != 0}
	for k := range o.off {
		o.off[k] = le.Uint32(b[20+4*k:])
		if o.off[k] > uint32(len(b)) || k > 0 && o.off[k] < o.off[k-1] {
			return nil, errCorrupt
		}
	}
	o.strings = string(b[:o.off[0]])
	for i, k := range []int{blkSymdef, blkHashed64def, blkHasheddef, blkNonpkgdef} {
		o.defs[i] = o.records(k, symSize)
		o.ndef += o.defs[i]
	}
	o.nref = o.records(blkNonpkgref, symSize)
	if err := o.check(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *Object) records(block int, size uint32) int {
	return int((o.off[block+1] - o.off[block]) / size)
}

// str reads a string.
func (o *Object) str(p uint32) string {
	n, at := le.Uint32(o.b[p:]), le.Uint32(o.b[p+4:])
	if n == 0 {
		return ""
	}
	if end := uint64(at) + uint64(n); end <= uint64(len(o.strings)) {
		return o.strings[at:end]
	}
	return string(o.b[at : uint64(at)+uint64(n)])
}

func (o *Object) symOff(i int) uint32 { return o.off[blkSymdef] + uint32(i)*symSize }

func (o *Object) rawName(i int) string { return o.str(o.symOff(i)) }
func (o *Object) rawABI(i int) uint16  { return le.Uint16(o.b[o.symOff(i)+8:]) }
func (o *Object) kind(i int) Kind      { return Kind(o.b[o.symOff(i)+10]) }
func (o *Object) flag(i int) uint8     { return o.b[o.symOff(i)+11] }
func (o *Object) flag2(i int) uint8    { return o.b[o.symOff(i)+12] }

func (o *Object) name(i int) string {
	if name := o.static(i); name != "" {
		return name
	}
	return o.rawName(i)
}

func (o *Object) abi(i int) uint16 {
	if o.static(i) != "" {
		return ABI0
	}
	return o.rawABI(i)
}

func (o *Object) size(i int) uint32 { return le.Uint32(o.b[o.symOff(i)+13:]) }
func (o *Object) align(i int) uint32 {
	return le.Uint32(o.b[o.symOff(i)+17:])
}

func (o *Object) index(block, i int) (uint32, uint32) {
	p := o.off[block] + 4*uint32(i)
	return le.Uint32(o.b[p:]), le.Uint32(o.b[p+4:])
}

func (o *Object) data(i int) []byte {
	lo, hi := o.index(blkDataIdx, i)
	return o.b[o.off[blkData]+lo : o.off[blkData]+hi]
}

// contentHash is the hash by which the linker knows symbol i, a hashed one.
func (o *Object) contentHash(i int) []byte {
	i -= o.defs[0]
	if i < o.defs[1] {
		return o.b[o.off[blkHash64]+uint32(i)*hash64Size:][:hash64Size]
	}
	return o.b[o.off[blkHash]+uint32(i-o.defs[1])*hashSize:][:hashSize]
}

// Files are the source file names that the object's line tables refer to.
func (o *Object) Files() []string {
	n := o.records(blkFile, stringSize)
	files := make([]string, n)
	for i := range files {
		files[i] = strings.TrimPrefix(o.str(o.off[blkFile]+uint32(i)*stringSize), "gofile..")
	}
	return files
}

// packages are the symbol prefixes of the packages that references name by index.
func (o *Object) packages() []string {
	n := o.records(blkPkgIdx, stringSize)
	out := make([]string, n)
	for i := range out {
		out[i] = o.str(o.off[blkPkgIdx] + uint32(i)*stringSize)
	}
	return out
}
