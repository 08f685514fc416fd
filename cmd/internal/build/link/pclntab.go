package link

import (
	"bytes"
	"sort"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// The function table, as the runtime of Go 1.20 and later reads it.
const (
	pclntabMagic      = 0xfffffff1
	pclntabHeaderSize = 72

	funcdataInlineTree = 3
	pcdataInlineIndex  = 2
	noFuncdata         = ^uint32(0)

	findBucket    = 4096
	findSubbucket = 256
)

// table builds one section of the function table; places in it may depend on the image's base.
type table struct {
	bytes.Buffer
	holes []hole
}

// hole is a 4-byte value that a relocation fills in.
type hole struct {
	off    int
	to     location
	addend int64
}

func (t *table) u32(v uint32) { t.Write(le.AppendUint32(nil, v)) }

func (t *table) pad(n int) {
	for t.Len()%n != 0 {
		t.WriteByte(0)
	}
}

// add appends the table to the image and returns its offset.
func (l *linker) add(t *table, alignment uint64) uint64 {
	at := align(uint64(len(l.img.b)), alignment)
	l.img.b = append(l.img.b, make([]byte, at-uint64(len(l.img.b)))...)
	l.img.b = append(l.img.b, t.Bytes()...)
	for _, h := range t.holes {
		l.put32(at+uint64(h.off), l.img.b[at+uint64(h.off):], h.to, h.addend)
	}
	return at
}

// interned keeps one copy of equal byte strings.
type interned struct {
	table
	at map[string]uint32
}

func (t *interned) put(b []byte) uint32 {
	if o, ok := t.at[string(b)]; ok {
		return o
	}
	o := uint32(t.Len())
	if t.at == nil {
		t.at = map[string]uint32{}
	}
	t.at[string(b)] = o
	t.Write(b)
	return o
}

func (t *interned) cstring(s string) uint32 { return t.put(append([]byte(s), 0)) }

// functable collects the parts of the function table.
type functable struct {
	l       *linker
	names   interned
	files   interned
	cu      table
	cuStart map[*goobj.Object]uint32
	pcs     interned
	gofunc  table
	gofuncs map[string]uint32
	funcs   table
	starts  []uint32
	nfiles  int
}

// writeFunctable writes the function table of the image.
func (l *linker) writeFunctable() {
	t := &functable{l: l, cuStart: map[*goobj.Object]uint32{}, gofuncs: map[string]uint32{}}
	t.names.cstring("")
	t.pcs.put([]byte{0})
	head := len(l.code())*8 + 4
	for _, p := range l.code() {
		for (head+t.funcs.Len())%word != 0 {
			t.funcs.WriteByte(0)
		}
		t.starts = append(t.starts, uint32(head+t.funcs.Len()))
		if p == l.veneers.placed {
			t.veneers(p)
		} else {
			t.function(p)
		}
	}
	t.write()
}

// function writes the runtime's _func of p.
func (t *functable) function(p *placed) {
	l, s := t.l, t.l.set
	fi, _ := s.FuncInfo(p.sym)
	var pcdata, funcdata []goobj.Sym
	for a := range s.Auxs(p.sym) {
		switch a.Type {
		case goobj.AuxPcdata:
			pcdata = append(pcdata, a.Sym)
		case goobj.AuxFuncdata:
			funcdata = append(funcdata, a.Sym)
		}
	}
	if len(fi.Inline) > 0 {
		for len(pcdata) <= pcdataInlineIndex {
			pcdata = append(pcdata, 0)
		}
		for len(funcdata) <= funcdataInlineTree {
			funcdata = append(funcdata, 0)
		}
	}
	t.entry(&t.funcs, p)
	t.funcs.u32(t.names.cstring(l.set.TraceName(p.sym)))
	t.funcs.u32(fi.Args)
	t.funcs.u32(l.deferReturn(p))
	for _, role := range []goobj.AuxType{goobj.AuxPcsp, goobj.AuxPcfile, goobj.AuxPcline} {
		t.funcs.u32(t.pcTable(s.Aux(p.sym, role)))
	}
	t.funcs.u32(uint32(len(pcdata)))
	t.funcs.u32(t.unit(s.Object(p.sym)))
	t.funcs.u32(uint32(fi.StartLine))
	t.funcs.Write([]byte{fi.ID, fi.Flag, 0, byte(len(funcdata))})
	for i, y := range pcdata {
		if i == pcdataInlineIndex && len(fi.Inline) > 0 {
			y = s.Aux(p.sym, goobj.AuxPcinline)
		}
		t.funcs.u32(t.pcTable(y))
	}
	for i, y := range funcdata {
		switch {
		case i == funcdataInlineTree && len(fi.Inline) > 0:
			t.funcs.u32(t.inlineTree(fi.Inline))
		case y != 0 && len(s.Data(y)) > 0:
			t.funcs.u32(t.funcdata(p, y))
		default:
			t.funcs.u32(noFuncdata)
		}
	}
}

// entry writes the offset of p from the program's text.
func (t *functable) entry(to *table, p *placed) {
	to.holes = append(to.holes, hole{to.Len(), location{in: p}, -int64(t.l.rec.Release.Text)})
	to.u32(0)
}

// deferReturn is the offset of the call to which a recovered function returns, or 0.
func (l *linker) deferReturn(p *placed) uint32 {
	for _, r := range l.set.Relocs(p.sym) {
		if r.Type.IsCall() && r.Sym != 0 && l.set.NameOf(r.Sym) == (goobj.Name{Name: "runtime.deferreturn", ABI: goobj.ABIInternal}) {
			return uint32(r.Off - l.arch.CallLead)
		}
	}
	return 0
}

func (t *functable) pcTable(y goobj.Sym) uint32 {
	if y == 0 || len(t.l.set.Data(y)) == 0 {
		return 0
	}
	return t.pcs.put(t.l.set.Data(y))
}

// unit is the index of the first file of an object's compilation unit.
func (t *functable) unit(o *goobj.Object) uint32 {
	if at, ok := t.cuStart[o]; ok {
		return at
	}
	at := uint32(t.cu.Len() / 4)
	t.cuStart[o] = at
	for _, f := range o.Files() {
		t.cu.u32(t.files.cstring(f))
		t.nfiles++
	}
	return at
}

// funcdata interns a stack map or the like.
func (t *functable) funcdata(p *placed, y goobj.Sym) uint32 {
	l := t.l
	d := append([]byte(nil), l.set.Data(y)...)
	key := string(d)
	var holes []hole
	for _, r := range l.set.Relocs(y) {
		if r.Size == 0 || r.Sym == 0 {
			continue
		}
		if r.Type != goobj.RAddrOff {
			l.fail("the stack maps of %s have a relocation of type %d, which this gosplice does not know", p.name, r.Type)
			continue
		}
		to, ok := l.lookup(p, r)
		if !ok {
			continue
		}
		holes = append(holes, hole{r.Off, to, r.Add - int64(l.offsetBase(r.Sym))})
		key += l.name(r.Sym) + string(rune(r.Sym))
	}
	if at, ok := t.gofuncs[key]; ok {
		return at
	}
	t.gofunc.pad(word)
	at := uint32(t.gofunc.Len())
	t.gofuncs[key] = at
	for _, h := range holes {
		t.gofunc.holes = append(t.gofunc.holes, hole{h.off + int(at), h.to, h.addend})
	}
	t.gofunc.Write(d)
	return at
}

// inlineTree writes the runtime's inlinedCall records.
func (t *functable) inlineTree(nodes []goobj.InlineNode) uint32 {
	l := t.l
	var b table
	for _, n := range nodes {
		var id byte
		var line int32
		if fi, ok := l.set.FuncInfo(n.Func); ok {
			id, line = fi.ID, fi.StartLine
		}
		b.Write([]byte{id, 0, 0, 0})
		b.u32(t.names.cstring(goobj.WithoutCopy(l.set.NameOf(n.Func).Name)))
		b.u32(uint32(n.ParentPC))
		b.u32(uint32(line))
	}
	key := "inline" + b.String()
	if at, ok := t.gofuncs[key]; ok {
		return at
	}
	t.gofunc.pad(4)
	at := uint32(t.gofunc.Len())
	t.gofuncs[key] = at
	t.gofunc.Write(b.Bytes())
	return at
}

// write lays the parts one after the other and fills in what the module data needs.
func (t *functable) write() {
	l := t.l
	header := &table{}
	header.Write(make([]byte, pclntabHeaderSize))
	at := l.add(header, 64)
	l.pcln.header = at
	l.pcln.names, l.pcln.namesLen = l.add(&t.names.table, word), uint64(t.names.Len())
	l.pcln.cu, l.pcln.cuLen = l.add(&t.cu, word), uint64(t.cu.Len()/4)
	l.pcln.files, l.pcln.filesLen = l.add(&t.files.table, word), uint64(t.files.Len())
	l.pcln.pcs, l.pcln.pcsLen = l.add(&t.pcs.table, word), uint64(t.pcs.Len())
	whole := t.functab()
	l.pcln.funcs, l.pcln.funcsLen = l.add(whole, word), uint64(whole.Len())
	l.pcln.gofunc = l.add(&t.gofunc, 16)
	l.pcln.end = uint64(len(l.img.b))
	l.pcln.find = l.add(t.findTable(), word)
	b := l.img.b[at:]
	le.PutUint32(b, pclntabMagic)
	b[6], b[7] = l.arch.PCQuantum, word
	le.PutUint64(b[8:], uint64(len(l.code())))
	le.PutUint64(b[16:], uint64(t.nfiles))
	if _, ok := l.rec.Runtime.Offset["runtime.pcHeader.textStart"]; ok {
		le.PutUint64(b[24:], l.rec.Release.Text)
		l.slides(at + 24)
	}
	for i, part := range []uint64{l.pcln.names, l.pcln.cu, l.pcln.files, l.pcln.pcs, l.pcln.funcs} {
		le.PutUint64(b[32+8*i:], part-at)
	}
}

// functab is the table of entries followed by the _func records.
func (t *functable) functab() *table {
	l := t.l
	whole := &table{}
	for i, p := range l.code() {
		t.entry(whole, p)
		whole.u32(t.starts[i])
	}
	end := location{in: &placed{off: l.img.etext}}
	whole.holes = append(whole.holes, hole{whole.Len(), end, -int64(l.rec.Release.Text)})
	whole.u32(0)
	base := whole.Len()
	whole.Write(t.funcs.Bytes())
	for _, h := range t.funcs.holes {
		whole.holes = append(whole.holes, hole{base + h.off, h.to, h.addend})
	}
	return whole
}

// findTable is the runtime's index from PCs to functions.
func (t *functable) findTable() *table {
	l := t.l
	buckets := int((l.img.etext + findBucket - 1) / findBucket)
	code := l.code()
	index := func(at uint64) int {
		i := sort.Search(len(code), func(i int) bool { return code[i].off > at }) - 1
		return max(i, 0)
	}
	out := &table{}
	for b := range buckets {
		first := index(uint64(b) * findBucket)
		out.u32(uint32(first))
		for s := range findBucket / findSubbucket {
			out.WriteByte(byte(index(uint64(b)*findBucket+uint64(s)*findSubbucket) - first))
		}
	}
	return out
}
