package goobj

import (
	"crypto/sha256"
	"encoding/binary"
	"go/token"
	"hash/fnv"
	"iter"
	"strings"
	"unicode"
)

// Offsets in a type descriptor (internal/abi.Type and the structures that begin with it).
const (
	typeTFlag     = 20
	typeKind      = 23
	typeEqual     = 24
	typeGCData    = 32
	typeStr       = 40
	typePtrToThis = 44
	typeSize      = 48 // of the common part

	tflagUncommon = 1
	tflagNamed    = 1 << 2
	uncommonSize  = 16
	methodSize    = 16
	ifaceMethod   = 8
	structField   = 24
)

// Kinds of types, as package reflect numbers them.
const (
	kindArray  = 17
	kindChan   = 18
	kindFunc   = 19
	KindIface  = 20
	kindMap    = 21
	kindPtr    = 22
	kindSlice  = 23
	kindStruct = 25
)

// descriptorSize is the size of a descriptor before the uncommon part, by kind; that of maps depends on
// the release.
var descriptorSize = map[byte]int{
	kindArray: 72, kindChan: 64, kindFunc: 56, KindIface: 80, kindPtr: 56, kindSlice: 56, kindStruct: 80,
}

// TypeDesc gives access to the descriptor of a type.
type TypeDesc struct {
	set    *Set
	Sym    Sym
	data   []byte
	relocs relocTable
}

// Type opens the descriptor y; ok is false when y is none.
func (s *Set) Type(y Sym) (t TypeDesc, ok bool) {
	if y != 0 && !s.Defined(y) {
		// It was looked for only where it seemed to belong, and may have been found since.
		n := s.NameOf(y)
		s.defineHolders(n.Name)
		y = s.indexed(n)
	}
	flag, _ := s.Flags(y)
	if flag&FlagGoType == 0 || len(s.Data(y)) < typeSize {
		return t, false
	}
	return TypeDesc{set: s, Sym: y, data: s.Data(y), relocs: s.relocTable(y)}, true
}

// Named reports a type with a name of its own. The name of any other type says all of it, but for
// names of packages that differ between copies.
func (t TypeDesc) Named() bool {
	return t.data[typeTFlag]&tflagNamed != 0 && !strings.HasPrefix(t.set.NameOf(t.Sym).Name, "type:go.shape.")
}

// Kind is the type's kind.
func (t TypeDesc) Kind() byte { return t.data[typeKind] & 31 }

// Size is the number of bytes of a value.
func (t TypeDesc) Size() uint64 { return le.Uint64(t.data) }

// Offsets are the places of the fields of a struct in bytes. They are nil for other types.
func (t TypeDesc) Offsets() []uint64 {
	if t.Kind() != kindStruct {
		return nil
	}
	list, n := t.list(64, structField)
	var out []uint64
	for i := range n {
		out = append(out, le.Uint64(t.data[list+i*structField+16:]))
	}
	return out
}

// FieldNames are the names of the fields of a struct, in the order of Offsets.
func (t TypeDesc) FieldNames() (out []string) {
	if t.Kind() != kindStruct {
		return nil
	}
	list, n := t.list(64, structField)
	for i := range n {
		name := t.set.Data(t.relocs.sym(list + i*structField))
		length, size := uint64(0), 0
		if len(name) > 0 {
			length, size = binary.Uvarint(name[1:]) // behind the flags
		}
		if size <= 0 || length > uint64(len(name)-1-size) {
			return nil
		}
		out = append(out, string(name[1+size:][:length]))
	}
	return out
}

// FieldPrints are hashes of the name, the type and the tag of each field of a struct, in the order of Offsets.
func (t TypeDesc) FieldPrints() (out []uint32) {
	if t.Kind() != kindStruct {
		return nil
	}
	list, n := t.list(64, structField)
	for i := range n {
		at := list + i*structField
		h := fnv.New32a()
		h.Write(t.set.Data(t.relocs.sym(at))) // name and tag
		h.Write([]byte(t.set.NameOf(t.relocs.sym(at + 8)).Name))
		out = append(out, h.Sum32())
	}
	return out
}

// Embedded are the types of the embedded fields of a struct.
func (t TypeDesc) Embedded() (out []Sym) {
	if t.Kind() != kindStruct {
		return nil
	}
	const embedded = 1 << 3 // in the first byte of a name
	list, n := t.list(64, structField)
	for i := range n {
		at := list + i*structField
		if name := t.set.Data(t.relocs.sym(at)); len(name) > 0 && name[0]&embedded != 0 {
			out = append(out, t.relocs.sym(at+8))
		}
	}
	return out
}

// PtrBytes is the length in bytes of the prefix that may hold pointers.
func (t TypeDesc) PtrBytes() uint64 { return le.Uint64(t.data[8:]) }

// GCMask is the bitmap of pointers, one bit a word. It is nil when the runtime has to build it.
func (t TypeDesc) GCMask() []byte {
	const onDemand = 1 << 4
	if t.data[typeTFlag]&onDemand != 0 {
		return nil
	}
	return t.set.Data(t.relocs.sym(typeGCData))
}

// HeadSize is the size of a descriptor of the type's kind before what only types with methods or a name have.
func (t TypeDesc) HeadSize() int { return t.headSize() }

func (t TypeDesc) headSize() int {
	if t.Kind() == kindMap {
		return t.set.release.MapType
	}
	if n, ok := descriptorSize[t.Kind()]; ok {
		return n
	}
	return typeSize
}

// Method is a method of a type, with the numbers of its three relocations.
type Method struct {
	Name      string
	Type      Sym
	Func      Sym // the method as called through a type's method value
	IfaceFunc Sym // the method as called through an interface
	NameSym   Sym // the name as the descriptor has it
	NameOff   int // offset of the entry in the descriptor
	MtypReloc int // number of the first of the three R_METHODOFF relocations
}

// Methods are the methods in the type's method table.
func (t TypeDesc) Methods() []Method {
	if t.data[typeTFlag]&tflagUncommon == 0 {
		return nil
	}
	u := t.headSize()
	if len(t.data) < u+uncommonSize {
		return nil
	}
	n, moff := int(le.Uint16(t.data[u+4:])), int(le.Uint32(t.data[u+8:]))
	var out []Method
	for i := range n {
		at := u + moff + i*methodSize
		mtyp, ok := t.relocs.at(at + 4)
		if !ok {
			return out
		}
		out = append(out, Method{
			Name: t.nameAt(at), NameSym: t.relocs.sym(at), Type: mtyp.Sym, IfaceFunc: t.relocs.sym(at + 8), Func: t.relocs.sym(at + 12),
			NameOff: at, MtypReloc: mtyp.index,
		})
	}
	return out
}

// IfaceMethods are name and type of an interface type's methods.
func (t TypeDesc) IfaceMethods() []Method {
	if t.Kind() != KindIface || len(t.data) < descriptorSize[KindIface] {
		return nil
	}
	list, n := t.list(64, ifaceMethod)
	var out []Method
	for i := range n {
		out = append(out, t.IfaceMethodAt(list+i*ifaceMethod))
	}
	return out
}

// list is the place and length of the array, within the descriptor, to which the slice leads whose
// length is at an offset. Its length is 0 when the descriptor does not hold it.
func (t TypeDesc) list(length, elem int) (at, n int) {
	if len(t.data) < length+8 {
		return 0, 0
	}
	r, ok := t.relocs.at(length - 8)
	count := le.Uint64(t.data[length:])
	if !ok || r.Add < 0 || r.Add > int64(len(t.data)) || count > uint64(len(t.data)-int(r.Add))/uint64(elem) {
		return 0, 0
	}
	return int(r.Add), int(count)
}

// IfaceMethodAt is the interface method whose entry is at an offset of the descriptor.
func (t TypeDesc) IfaceMethodAt(off int) Method {
	return Method{Name: t.nameAt(off), Type: t.relocs.sym(off + 4), NameOff: off}
}

func (t TypeDesc) nameAt(off int) string {
	r, ok := t.relocs.at(off)
	if !ok {
		return ""
	}
	return decodeName(t.set.Data(r.Sym))
}

// decodeName reads a runtime name: flags, length, bytes.
func decodeName(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return ""
	}
	return string(b[1+size : 1+size+int(n)])
}

// Exported reports whether a method name is exported, as the linker decides it.
func Exported(name string) bool {
	for _, r := range name {
		return unicode.IsUpper(r)
	}
	return false
}

// TypeLayout is a fingerprint of what values of a type look like and how they compare, without
// the type's methods.
func (f *Fingerprinter) TypeLayout(y Sym) (Fingerprint, bool) { return f.TypeLayoutAs(y, nil) }

// TypeLayoutAs is TypeLayout of a struct some of whose fields have other names: those that names maps theirs to.
func (f *Fingerprinter) TypeLayoutAs(y Sym, names map[string]string) (Fingerprint, bool) {
	var fp Fingerprint
	t, ok := f.set.Type(y)
	if !ok {
		return fp, false
	}
	h := sha256.New()
	head := append([]byte(nil), t.data[:min(t.headSize(), len(t.data))]...)
	head[typeTFlag] &^= tflagUncommon
	for _, r := range t.relocs {
		if r.Off+r.Size <= len(head) {
			clear(head[r.Off : r.Off+r.Size])
		}
	}
	h.Write(head)
	for off := 0; off < len(head); off += 4 {
		r, ok := t.relocs.at(off)
		switch {
		case !ok || f.set.NameOf(r.Sym) == f.set.NameOf(y) || off == typePtrToThis: // copies refer to the first
		case off == typeEqual || off == typeGCData || off == typeStr || off >= typeSize:
			number(h, uint64(off))
			f.target(h, r.Sym)
		}
	}
	f.trailing(h.Write, func(y Sym) {
		if b, renamed := f.set.renamedField(y, names); renamed {
			n := sha256.New()
			number(n, uint64(len(b)), uint64(f.set.Kind(y)), uint64(len(b)))
			n.Write(b)
			h.Write(n.Sum(nil)[:len(fp)]) // as target has the content of the name
			return
		}
		f.target(h, y)
	}, t)
	copy(fp[:], h.Sum(nil))
	return fp, true
}

// renamedField is the data of a field's name y with the name that another one is mapped to.
func (s *Set) renamedField(y Sym, names map[string]string) ([]byte, bool) {
	const exported = 1 // in the first byte
	b := s.Data(y)
	was := decodeName(b)
	name, ok := names[was]
	if !ok || was == "" || !strings.HasPrefix(s.NameOf(y).Name, "type:.namedata.") || s.NumRelocs(y) > 0 {
		return nil, false
	}
	flags := b[0] &^ exported
	if token.IsExported(name) {
		flags |= exported
	}
	_, size := binary.Uvarint(b[1:])
	out := binary.AppendUvarint([]byte{flags}, uint64(len(name)))
	out = append(out, name...)
	return append(out, b[1+size+len(was):]...), true
}

// trailing adds the arrays that follow the uncommon part, where their offset depends on it.
func (f *Fingerprinter) trailing(write func([]byte) (int, error), ref func(Sym), t TypeDesc) {
	switch t.Kind() {
	case kindStruct:
		list, n := t.list(64, structField)
		for i := range n {
			at := list + i*structField
			ref(t.relocs.sym(at))
			ref(t.relocs.sym(at + 8))
			write(t.data[at+16 : at+24])
		}
	case kindFunc:
		if len(t.data) < descriptorSize[kindFunc] {
			return
		}
		n := int(le.Uint16(t.data[48:])) + int(le.Uint16(t.data[50:])&^(1<<15))
		at := t.headSize()
		if t.data[typeTFlag]&tflagUncommon != 0 {
			at += uncommonSize
		}
		for i := range n {
			ref(t.relocs.sym(at + 8*i))
		}
	case KindIface:
		for _, m := range t.IfaceMethods() {
			write([]byte(m.Name))
			ref(m.Type)
		}
	}
}

// String is the type's text, by which package reflect orders types.
func (t TypeDesc) String() string {
	const extraStar = 1 << 1
	s := t.nameAt(typeStr)
	if t.data[typeTFlag]&extraStar != 0 && s != "" {
		return s[1:]
	}
	return s
}

// Part is a component of a composite type.
type Part struct {
	Off  int
	Type Sym
}

// Parts are the fields of a struct type and the elements of an array type, as far as they may hold
// pointers; ok is false of other types, and where the descriptors do not tell.
func (t TypeDesc) Parts() (parts iter.Seq[Part], ok bool) {
	switch t.Kind() {
	case kindStruct:
		return t.fields()
	case kindArray:
		return t.elements()
	}
	return nil, false
}

func (t TypeDesc) fields() (iter.Seq[Part], bool) {
	list, n := t.list(64, structField)
	if n == 0 {
		return nil, false // one without fields holds no pointers
	}
	return func(yield func(Part) bool) {
		for i := range n {
			at := list + i*structField
			if !yield(Part{int(le.Uint64(t.data[at+16:])), t.relocs.sym(at + 8)}) {
				return
			}
		}
	}, true
}

func (t TypeDesc) elements() (iter.Seq[Part], bool) {
	if len(t.data) < descriptorSize[kindArray] {
		return nil, false
	}
	elem, ok := t.set.Type(t.relocs.sym(48)) // which may be described in another object
	if !ok || elem.Size() == 0 {
		return nil, false
	}
	size, n := elem.Size(), le.Uint64(t.data[64:])
	return func(yield func(Part) bool) {
		for i := range n {
			if i*size >= t.PtrBytes() || !yield(Part{int(i * size), elem.Sym}) {
				return
			}
		}
	}, true
}
