package link

import (
	"sort"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// pcln are the parts of the function table in the image.
type pcln struct {
	header                     uint64
	names, namesLen            uint64
	cu, cuLen                  uint64
	files, filesLen            uint64
	pcs, pcsLen                uint64
	funcs, funcsLen            uint64
	gofunc, end, find          uint64
	typelinks, ntypelinks      uint64
	gcdata, gcbss, moduleLabel uint64
}

const moduleName = "gosplice"

// module writes what the runtime's module data points to, and places the data part behind it.
func (l *linker) module() {
	if l.hasField("typelinks") {
		l.typelinks()
	}
	name := &table{}
	name.WriteString(moduleName)
	l.pcln.moduleLabel = l.add(name, word)
	// The masks are as long as the data part, but do not depend on where it is.
	l.layoutData()
	l.pcln.gcdata = l.add(l.pointerMask(l.data, l.img.dataLo, l.img.dataHi), word)
	l.pcln.gcbss = l.add(l.pointerMask(l.bss, l.img.dataHi, l.img.bssHi), word)
	l.img.erodata = uint64(len(l.img.b))
	l.img.data = align(l.img.erodata, l.arch.PageSize)
	l.img.moduledata = l.img.data
	for _, t := range l.itabSeq {
		t.slots = nil
	}
	l.layoutData()
}

// typelinks lists the types that package reflect looks up by their text, in its order.
func (l *linker) typelinks() {
	type link struct {
		text string
		p    *placed
	}
	var links []link
	for _, p := range l.ro {
		if flag, _ := l.set.Flags(p.sym); flag&goobj.FlagTypelink != 0 {
			t, ok := l.set.Type(p.sym)
			if ok {
				links = append(links, link{t.String(), p})
			}
		}
	}
	sort.SliceStable(links, func(i, j int) bool { return links[i].text < links[j].text })
	out := &table{}
	for _, k := range links {
		out.holes = append(out.holes, hole{out.Len(), location{in: k.p}, -int64(l.rec.Runtime.Types)})
		out.u32(0)
	}
	l.pcln.typelinks, l.pcln.ntypelinks = l.add(out, word), uint64(len(links))
}

// pointerMask writes the garbage collector's program for variables in lo..hi: literal bits, one a
// word.
func (l *linker) pointerMask(vars []*placed, lo, hi uint64) *table {
	words := int(hi-lo) / word
	mask := make([]byte, words/8+1)
	for _, p := range vars {
		t := l.set.Aux(p.sym, goobj.AuxGotype)
		d, ok := l.set.Type(t)
		if !ok {
			l.fail("the type of variable %s is not known, so the garbage collector could not scan it", p.name)
			continue
		}
		if !l.typeMask(d, int(p.off-lo)/word, mask) {
			l.fail("variable %s has a type whose pointers this gosplice can't list", p.name)
		}
	}
	const literal = 120 // bits in one instruction, a multiple of 8 below 128
	out := &table{}
	for at := 0; at < words; at += literal {
		n := min(words-at, literal)
		out.WriteByte(byte(n))
		out.Write(mask[at/8 : (at+n+7)/8])
	}
	out.WriteByte(0)
	return out
}

// typeMask sets the bits of the pointers in a value of type t at a word.
func (l *linker) typeMask(t goobj.TypeDesc, at int, mask []byte) bool {
	n := int(t.PtrBytes()) / word
	if n == 0 {
		return true
	}
	if at < 0 || n < 0 || n > 8*len(mask)-at {
		return false
	}
	if bits := t.GCMask(); bits != nil {
		for i := range n {
			if i/8 >= len(bits) {
				return false
			}
			if bits[i/8]>>(i%8)&1 != 0 {
				mask[(at+i)/8] |= 1 << ((at + i) % 8)
			}
		}
		return true
	}
	// A large type: its mask follows from that of its parts.
	parts, ok := t.Parts()
	if !ok {
		return false
	}
	for part := range parts {
		d, ok := l.set.Type(part.Type)
		if !ok || !l.typeMask(d, at+part.Off/word, mask) {
			return false
		}
	}
	last := at + n - 1 // the last word of what may hold pointers is one
	return mask[last/8]>>(last%8)&1 != 0
}

// moduledata writes the runtime's description of the image. Offsets to types, names and code count
// from the program's own bases, so that they mean the same everywhere.
func (l *linker) moduledata() {
	im, p := &l.img, &l.pcln
	l.field("pcHeader", p.header)
	l.slice("funcnametab", p.names, p.namesLen)
	l.slice("cutab", p.cu, p.cuLen)
	l.slice("filetab", p.files, p.filesLen)
	l.slice("pctab", p.pcs, p.pcsLen)
	l.slice("pclntable", p.funcs, p.funcsLen)
	l.slice("ftab", p.funcs, uint64(len(l.code())+1))
	l.field("findfunctab", p.find)
	l.field("minpc", 0)
	l.field("maxpc", im.etext)
	l.program("text", l.rec.Release.Text)
	l.field("etext", im.etext)
	l.field("noptrdata", im.noptrLo)
	l.field("enoptrdata", im.noptrHi)
	l.field("data", im.dataLo)
	l.field("edata", im.dataHi)
	l.field("bss", im.dataHi)
	l.field("ebss", im.bssHi)
	l.field("noptrbss", im.nbssLo)
	l.field("enoptrbss", im.nbssHi)
	l.field("end", im.size)
	l.field("gcdata", p.gcdata)
	l.field("gcbss", p.gcbss)
	if im.typesLen > 0 {
		l.field("types", im.types)
		l.constant("typedesclen", im.typesLen)
	} else {
		l.program("types", l.rec.Runtime.Types)
	}
	l.field("etypes", im.size)
	l.program("rodata", l.rec.Runtime.Rodata)
	l.field("gofunc", p.gofunc)
	if l.hasField("epclntab") {
		l.field("epclntab", p.end)
	}
	if l.hasField("typelinks") {
		l.slice("typelinks", p.typelinks, p.ntypelinks)
	}
	l.field("modulename", p.moduleLabel)
	l.constantAt("modulename", 1, uint64(len(moduleName)))
}

// hasField reports a field that some releases have and others lack.
func (l *linker) hasField(name string) bool {
	_, ok := l.rec.Runtime.Offset["runtime.moduledata."+name]
	return ok
}

func (l *linker) fieldOffset(name string, index int) (uint64, bool) {
	off, ok := l.rec.Runtime.Offset["runtime.moduledata."+name]
	if !ok {
		l.fail("this Go release's module data has no field %s; gosplice has to learn this release first", name)
	}
	return l.img.moduledata + off + uint64(index*word), ok
}

// field writes a place in the image.
func (l *linker) field(name string, off uint64) {
	if at, ok := l.fieldOffset(name, 0); ok {
		le.PutUint64(l.img.b[at:], off)
		l.reloc(at, patch.AddBase64, 0)
	}
}

// program writes an address in the program.
func (l *linker) program(name string, addr uint64) {
	if at, ok := l.fieldOffset(name, 0); ok {
		le.PutUint64(l.img.b[at:], addr)
		l.slides(at)
	}
}

func (l *linker) constant(name string, v uint64) { l.constantAt(name, 0, v) }

func (l *linker) constantAt(name string, index int, v uint64) {
	if at, ok := l.fieldOffset(name, index); ok {
		le.PutUint64(l.img.b[at:], v)
	}
}

func (l *linker) slice(name string, off, n uint64) {
	l.field(name, off)
	l.constantAt(name, 1, n)
	l.constantAt(name, 2, n)
}
