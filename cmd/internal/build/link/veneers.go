package link

import (
	"encoding/binary"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// An image that is loaded farther from the program than a jump leads calls the program through veneers: code that computes
// an address and goes on there. The program enters it by jumps to the beginnings of pages, which lead as far as veneers do.

const (
	// farAlign is what a jump that leads far counts in, veneerAlign the distance between veneers, in bytes.
	farAlign, veneerAlign = 4 << 10, 16
	// veneerName is the name of all veneers in stack traces and profiles.
	veneerName = "gosplice.veneers"
)

// veneers are those of an image, side by side behind its functions.
type veneers struct {
	*placed // the first of them; nil when there are none
	targets []uint64
	at      map[uint64]*placed
}

// entryAlign is the alignment of a function. Assembly may ask for more than is usual, to align what is inside.
func (l *linker) entryAlign(p *placed) uint64 {
	if l.far && l.redirected(p.sym) {
		return farAlign
	}
	if !aligns {
		return funcAlign
	}
	return max(funcAlign, uint64(l.set.Align(p.sym)))
}

// redirected reports a function to which an entry in the program leads.
func (l *linker) redirected(y goobj.Sym) bool {
	for _, f := range l.in.Redirect {
		if f.Sym == y {
			return true
		}
	}
	return false
}

// layoutVeneers gives veneers their offsets, from at on: one for each address in the program that code of the image calls, and
// one for each function that leads to the image, for the way back. It returns where they end.
func (l *linker) layoutVeneers(at uint64) uint64 {
	if !l.far {
		return at
	}
	l.veneers.at = map[uint64]*placed{}
	add := func(target uint64) {
		if l.veneers.at[target] != nil {
			return
		}
		at = align(at, veneerAlign)
		v := &placed{name: goobj.Name{Name: veneerName}, kind: goobj.KindText, off: at}
		if l.veneers.placed == nil {
			l.veneers.placed = v
		}
		l.veneers.at[target] = v
		l.veneers.targets = append(l.veneers.targets, target)
		at += uint64(len(l.arch.Veneer))
	}
	for _, p := range l.text {
		for _, r := range l.set.Relocs(p.sym) {
			if r.Size == 0 || r.Sym == 0 || !r.Type.IsCall() {
				continue
			}
			if to, ok := l.lookup(p, r); ok && to.in == nil && to.itab == nil {
				add(to.host + uint64(r.Add))
			}
		}
	}
	for _, f := range l.in.Redirect {
		add(f.Old.Addr)
	}
	return at
}

// writeVeneers makes each lead to its target.
func (l *linker) writeVeneers() {
	for _, target := range l.veneers.targets {
		at := l.veneers.at[target].off
		place := l.img.b[at:][:copy(l.img.b[at:], l.arch.Veneer)]
		l.reloc(at, patch.SubBaseARM64, 0)
		if !l.arch.Code.SetTarget(place, at, target) {
			l.fail("no veneer leads from %#x to %#x in the program", at, target)
		}
	}
}

// code are the functions of the image by offset, veneers taken for one.
func (l *linker) code() []*placed {
	if l.veneers.placed == nil {
		return l.text
	}
	return append(l.text[:len(l.text):len(l.text)], l.veneers.placed)
}

// veneers writes the record of the veneers: a function without a frame, of which nothing else is known, so that nobody stops a
// goroutine there.
func (t *functable) veneers(p *placed) {
	const oneHigher = 2 // the frame's size counts from -1; the difference is written as an even number
	noFrame := binary.AppendUvarint([]byte{oneHigher}, (t.l.img.etext-p.off)/uint64(t.l.arch.PCQuantum))
	t.entry(&t.funcs, p)
	t.funcs.u32(t.names.cstring(veneerName))
	t.funcs.u32(0) // arguments
	t.funcs.u32(0) // deferreturn
	t.funcs.u32(t.pcs.put(append(noFrame, 0)))
	for range 5 { // files, lines, number of tables, unit, first line
		t.funcs.u32(0)
	}
	t.funcs.u32(0) // identity, flags, number of stack maps
}
