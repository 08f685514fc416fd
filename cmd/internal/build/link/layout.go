package link

import (
	"encoding/binary"
	"slices"
	"sort"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

var le = binary.LittleEndian

const (
	funcAlign = 32
	maxAlign  = 32
	word      = 8
)

// A test shows what happens to code and data that is not aligned as it asks to be.
var aligns = true

// image is the content of the patch at base 0, and the bounds of its parts.
type image struct {
	b                []byte
	etext            uint64
	erodata          uint64
	rodata, data     uint64
	dataLo, dataHi   uint64 // variables with pointers, initialised
	bssHi            uint64 // variables with pointers, zero, follow dataHi
	noptrLo, noptrHi uint64
	nbssLo, nbssHi   uint64
	types, typesLen  uint64 // the types that the runtime finds by their order
	moduledata       uint64
	size             uint64
}

// layout gives code and read-only data their offsets. The function table follows; when it has been
// written, layoutData places the rest.
func (l *linker) layout() {
	for _, p := range l.order {
		switch {
		case p.kind.IsText():
			l.text = append(l.text, p)
		case p.kind.IsRodata() && l.holdsItab(p):
			l.noptr = append(l.noptr, p) // the agent writes the table's address when it has loaded the image
		case p.kind.IsRodata():
			l.ro = append(l.ro, p)
		case p.kind == goobj.KindBSS:
			l.bss = append(l.bss, p)
		case p.kind == goobj.KindNoptrBSS, p.kind == goobj.KindCoverage: // counters that the release does not have
			l.noptrbss = append(l.noptrbss, p)
		case p.kind.HasPointers():
			l.data = append(l.data, p)
		case p.kind.IsVar():
			l.noptr = append(l.noptr, p)
		default:
			l.fail("%s has a kind of content (%d) that a patch can't hold", p.name, p.kind)
		}
	}
	// The runtime reads types at 4-byte offsets; the rest is for stable output.
	for _, part := range [][]*placed{l.text, l.ro, l.bss, l.noptrbss, l.data, l.noptr} {
		sort.SliceStable(part, func(i, j int) bool {
			a, b := part[i].name, part[j].name
			if a.Name != b.Name {
				return a.Name < b.Name
			}
			return a.ABI < b.ABI
		})
	}
	at := uint64(0)
	for _, p := range l.text {
		if l.set.Size(p.sym) == 0 {
			l.fail("%s has no instructions: a call would run on into the code behind it; leave it out, or restart", p.name)
		}
		at = align(at, l.entryAlign(p))
		p.off = at
		at += uint64(l.set.Size(p.sym))
	}
	at = l.layoutVeneers(at)
	l.img.etext = at
	l.img.rodata = align(at, l.arch.PageSize)
	at = l.assign(l.ro, l.typesInOrder(l.img.rodata))
	l.img.b = make([]byte, align(at, maxAlign))
	for i := range l.img.b[:l.img.etext] {
		l.img.b[i] = l.arch.Breakpoint[i%len(l.arch.Breakpoint)]
	}
	l.shareSymbols()
}

// typesInOrder places the types that package reflect looks up by their text first, in its order and side by
// side, where the runtime finds them so: the first a word behind the base of types. They leave
// l.ro for l.types. It returns where the rest may begin.
func (l *linker) typesInOrder(at uint64) uint64 {
	l.img.types, l.img.typesLen = at, 0
	if !l.release.TypesInOrder {
		return at
	}
	l.ro = slices.DeleteFunc(l.ro, func(p *placed) bool {
		flag, _ := l.set.Flags(p.sym)
		if _, ok := l.set.Type(p.sym); !ok || flag&goobj.FlagTypelink == 0 {
			return false
		}
		l.types = append(l.types, p)
		return true
	})
	if len(l.types) == 0 {
		return at
	}
	text := map[*placed]string{}
	for _, p := range l.types {
		t, _ := l.set.Type(p.sym)
		text[p] = t.String()
	}
	sort.SliceStable(l.types, func(i, j int) bool { return text[l.types[i]] < text[l.types[j]] })
	at += word
	for _, p := range l.types {
		at = align(at, word)
		if l.set.Align(p.sym) > word {
			l.fail("type %s asks for an alignment of %d bytes, which this gosplice does not know of types; restart instead", p.name.Name, l.set.Align(p.sym))
		}
		p.off = at
		at += uint64(l.set.Size(p.sym))
	}
	l.img.typesLen = at - l.img.types
	return at
}

// layoutData places the data part behind everything else: module data, slots for interface tables,
// variables.
func (l *linker) layoutData() {
	im := &l.img
	at := im.moduledata + l.rec.Runtime.Offset["runtime.moduledata"]
	at = align(at, word)
	for _, t := range l.itabSeq {
		t.slot = at
		t.slots = append(t.slots, at)
		at += word
	}
	at = l.layoutMethods(at)
	im.noptrLo = align(at, maxAlign)
	im.noptrHi = l.assign(l.noptr, im.noptrLo)
	im.dataLo = align(im.noptrHi, maxAlign)
	im.dataHi = align(l.assign(l.data, im.dataLo), maxAlign)
	im.bssHi = align(l.assign(l.bss, im.dataHi), maxAlign)
	im.nbssLo = im.bssHi
	im.nbssHi = l.assign(l.noptrbss, im.nbssLo)
	im.size = align(im.nbssHi, l.arch.PageSize)
}

// holdsItab reports data with the address of an interface table that the program lacks.
func (l *linker) holdsItab(p *placed) bool {
	for _, r := range l.set.Relocs(p.sym) {
		if r.Size > 0 && r.Sym != 0 && l.itabs[r.Sym] != nil {
			return true
		}
	}
	return false
}

func (l *linker) assign(part []*placed, at uint64) uint64 {
	for _, p := range part {
		at = align(at, l.alignment(p))
		p.off = at
		at += uint64(l.set.Size(p.sym))
	}
	return at
}

// alignment is the compiler's, or else the largest that fits the size, as the linker does it.
func (l *linker) alignment(p *placed) uint64 {
	if !aligns && p.kind.IsRodata() && !goobj.IsType(p.name.Name) {
		return 1
	}
	if a := l.set.Align(p.sym); a != 0 {
		return uint64(a)
	}
	a := uint64(maxAlign)
	for a > 1 && a > uint64(l.set.Size(p.sym)) {
		a >>= 1
	}
	if goobj.IsType(p.name.Name) {
		a = max(a, word)
	}
	return a
}

func align(x, a uint64) uint64 { return (x + a - 1) &^ (a - 1) }

// shareSymbols lists the variables and types that later patches find again. Their offsets are
// filled in by finish.
func (l *linker) shareSymbols() {
	for _, p := range l.order {
		if !l.shareable(p) {
			continue
		}
		s := patch.Symbol{Name: p.name.String(), Size: uint64(l.set.Size(p.sym))}
		if p.kind.IsVar() {
			s.Kind, s.Hash, s.Value = "var", l.variableHash(p), l.edit.InitialValue(p.sym)
		} else {
			s.Kind, s.Hash = "type", l.typeHash(p)
			s.Name = l.edit.LastingName(s.Name)
		}
		l.out.Symbols = append(l.out.Symbols, s)
		l.sharedBy = append(l.sharedBy, p)
		p.shared = len(l.out.Symbols)
	}
}
