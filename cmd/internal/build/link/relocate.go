package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/coderef"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// relocate writes the content of every placed symbol.
func (l *linker) relocate() {
	l.img.b = append(l.img.b, make([]byte, l.img.nbssHi-uint64(len(l.img.b)))...)
	for _, p := range l.order {
		l.write(p)
	}
	l.writeVeneers()
	l.writeMethods()
}

// write copies p into the image and applies its relocations.
func (l *linker) write(p *placed) {
	d := l.img.b[p.off : p.off+uint64(l.set.Size(p.sym))]
	copy(d, l.set.Data(p.sym))
	for _, r := range l.set.Relocs(p.sym) {
		if r.Size == 0 || r.Sym == 0 {
			l.threadLocal(p, d, r)
			continue
		}
		if r.Off+r.Size > len(d) {
			l.fail("%s has a relocation outside of its content", p.name)
			continue
		}
		l.apply(p, d, r)
	}
}

// apply writes one relocation. What depends on addresses that are known only in the process becomes
// a relocation of the patch.
func (l *linker) apply(p *placed, d []byte, r goobj.Reloc) {
	if l.threadLocal(p, d, r) {
		return
	}
	to, ok := l.lookup(p, r)
	if !ok {
		return
	}
	at := p.off + uint64(r.Off)
	switch {
	case r.Type.IsCall(), r.Type.IsPCRel():
		if l.readsItab(p, r) {
			to = location{in: l.placed[r.Sym]}
		}
		if to.itab != nil {
			if r.Add != 0 || !p.kind.IsText() || !l.arch.LoadThroughSlot(d, r.Off) {
				l.fail("%s uses the interface table %s in a way that a patch can't", p.name, to.itab.name)
				return
			}
			l.arch.Code.SetTarget(d[r.Off:], at, to.itab.slot)
			return
		}
		addend := r.Add
		if v := l.veneers.at[to.host+uint64(addend)]; r.Type.IsCall() && to.in == nil && v != nil {
			to, addend = location{in: v}, 0
		}
		l.putReference(p, at, d[r.Off:r.Off+r.Size], to, addend)
	case r.Type == goobj.RAddr:
		if to.itab != nil {
			if r.Size != word {
				l.fail("%s holds a short address of the interface table %s", p.name, to.itab.name)
				return
			}
			to.itab.slots = append(to.itab.slots, at)
			return
		}
		switch {
		case r.Size == word:
			l.put64(at, d[r.Off:], to, r.Add)
		case l.rec.Release.PositionIndependent:
			l.fail("%s holds a short address of %s, which a position-independent program can't have", p.name, l.name(r.Sym))
		default:
			l.put32(at, d[r.Off:], to, r.Add)
		}
	case r.Type == goobj.RAddrOff, r.Type == goobj.RMethodOff:
		if to.itab != nil {
			l.fail("%s holds an offset of the interface table %s", p.name, to.itab.name)
			return
		}
		l.put32(at, d[r.Off:], to, r.Add-int64(l.offsetBase(r.Sym)))
	default:
		l.fail("%s has a relocation of type %d, which this gosplice does not know", p.name, r.Type)
	}
}

// threadLocal writes where the program keeps its goroutine, if r asks for that.
func (l *linker) threadLocal(p *placed, d []byte, r goobj.Reloc) bool {
	if !r.Type.IsTLS() {
		return false
	}
	if r.Type.IsTLSIE() && !l.arch.ThreadOffset(d, r.Off) || !l.arch.Code.SetOffset(d[r.Off:], l.rec.TLS) {
		l.fail("%s reads thread-local storage in a way that this gosplice does not know", p.name)
	}
	return true
}

// lookup finds where a relocation leads; ok is false when it is to stay zero.
func (l *linker) lookup(p *placed, r goobj.Reloc) (location, bool) {
	if l.isWeak(p, r) {
		if q := l.placed[r.Sym]; q != nil {
			return location{in: q}, true
		}
		n := l.set.NameOf(r.Sym)
		if old, ok := l.rec.Lookup(n.Name, n.ABI); ok && !l.set.ByContent(r.Sym) && !l.set.Kind(r.Sym).IsText() && !goobj.IsItab(n.Name) {
			return location{host: old.Addr}, true
		}
		return location{}, false
	}
	before := len(l.order)
	to := l.target(r.Sym, p.sym)
	if len(l.order) != before {
		l.fail("internal: %s was not placed before %s refers to it", l.name(r.Sym), p.name)
	}
	return to, !to.none
}

// offsetBase is what 32-bit offsets to y count from.
func (l *linker) offsetBase(y goobj.Sym) uint64 {
	switch {
	case l.isText(y):
		return l.rec.Release.Text
	case strings.HasPrefix(l.set.NameOf(y).Name, "type:"):
		return l.rec.Runtime.Types
	}
	return l.rec.Runtime.Rodata
}

// isText reports a function, of the edited build or known from the program alone.
func (l *linker) isText(y goobj.Sym) bool {
	if l.set.Defined(y) {
		return l.set.Kind(y).IsText()
	}
	n := l.set.NameOf(y)
	old, ok := l.rec.Lookup(n.Name, n.ABI)
	return ok && old.Kind.IsText()
}

// putReference makes code refer to a target. The distance to what lies outside of the image depends on where the image
// is.
func (l *linker) putReference(p *placed, at uint64, place []byte, to location, addend int64) {
	outward, symbol := patch.SubBase32, patch.RelSym32
	if l.arch.Code == coderef.ARM64 {
		outward, symbol = patch.SubBaseARM64, patch.RelSymARM64
	}
	target := uint64(addend)
	switch {
	case to.in == nil:
		target += to.host
		l.reloc(at, outward, 0)
	case to.in.shared != 0:
		l.reloc(at, symbol, to.in.shared-1)
	default:
		target += to.in.off
	}
	if !l.arch.Code.SetTarget(place, at, target) {
		l.fail("%s at %#x refers to something at %#x, which is too far away or can't be referred to so", p.name, at, target)
	}
}

// put32 writes a 4-byte value: addend plus the target's address.
func (l *linker) put32(at uint64, d []byte, to location, addend int64) {
	v := addend
	switch {
	case to.in == nil:
		v += int64(to.host)
	case to.in.shared != 0:
		l.reloc(at, patch.AddSym32, to.in.shared-1)
	default:
		v += int64(to.in.off)
		l.reloc(at, patch.AddBase32, 0)
	}
	if v != int64(int32(v)) && !(to.in == nil && v == int64(uint32(v))) {
		l.fail("a value of %#x at %#x does not fit 32 bits", v, at)
	}
	le.PutUint32(d, uint32(v))
}

func (l *linker) put64(at uint64, d []byte, to location, addend int64) {
	v := addend
	switch {
	case to.in == nil:
		v += int64(to.host)
		l.slides(at)
	case to.in.shared != 0:
		l.reloc(at, patch.AddSym64, to.in.shared-1)
	default:
		v += int64(to.in.off)
		l.reloc(at, patch.AddBase64, 0)
	}
	le.PutUint64(d, uint64(v))
}

// slides notes that the word at an offset of the image is an address in the program.
func (l *linker) slides(at uint64) {
	if l.rec.Release.PositionIndependent {
		l.reloc(at, patch.AddSlide64, 0)
	}
}

func (l *linker) reloc(at uint64, kind patch.RelocKind, sym int) {
	l.relocs = append(l.relocs, patch.Reloc{Off: uint32(at), Kind: kind, Sym: uint32(sym)})
}

// ref is a reference in the tables of the patch.
func (l *linker) ref(y, from goobj.Sym) patch.Ref {
	to := l.target(y, from)
	switch {
	case to.in == nil:
		return patch.Ref{Kind: "host", Value: to.host}
	case to.in.shared != 0:
		return patch.Ref{Kind: "symbol", Value: uint64(to.in.shared - 1)}
	}
	return patch.Ref{Kind: "image", Value: to.in.off}
}

// variableHash is equal for variables of one type.
func (l *linker) variableHash(p *placed) string {
	h := sha256.New()
	t := l.set.Aux(p.sym, goobj.AuxGotype)
	fmt.Fprintf(h, "%d %t ", l.set.Size(p.sym), p.kind.HasPointers())
	if t != 0 {
		layout, _ := l.edit.ReleaseLayout(t) // a renamed field has no other value
		fmt.Fprintf(h, "%s %x %s", l.set.NameOf(t).Name, layout, l.edit.NewLayout(l.set.NameOf(t).Name))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// typeHash is equal for types that are laid out alike and have the same methods.
func (l *linker) typeHash(p *placed) string {
	h := sha256.New()
	layout, _ := l.edit.Prints.TypeLayout(p.sym)
	fmt.Fprintf(h, "%x", layout)
	if t, ok := l.set.Type(p.sym); ok {
		for _, m := range t.Methods() {
			fmt.Fprintf(h, " %s %s", m.Name, l.set.NameOf(m.Type).Name)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
