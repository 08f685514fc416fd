package goobj

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
)

// Fingerprint identifies the meaning of a symbol across builds: its content, with references by
// name where the target has a lasting name and by content where it has none. Positions in the
// source are left out.
type Fingerprint [16]byte

// Fingerprinter computes fingerprints and remembers them. It is not safe for concurrent use.
type Fingerprinter struct {
	set  *Set
	memo map[Sym]Fingerprint
	// busy are the symbols that are being worked on, with their depth from 1; low is the least
	// depth to which the one that is worked on refers back.
	busy map[Sym]int
	low  int
	// open are the symbols that were worked on and refer back to one that is busy; cycle names, for symbols that
	// refer to each other, one of them.
	open  []Sym
	cycle map[Sym]Sym
}

// NewFingerprinter works on the symbols of a resolved set.
func NewFingerprinter(s *Set) *Fingerprinter {
	return &Fingerprinter{set: s, memo: map[Sym]Fingerprint{}, busy: map[Sym]int{}, cycle: map[Sym]Sym{}}
}

// numbered are name parts of compiler temporaries, whose numbers shift when the source is edited.
var numbered = []string{"..stmp_", "..typeAssert.", "..interfaceSwitch.", "..gobytes.", "..autotmp_"}

// ByContent reports whether y has no lasting name, so that builds can only be compared by content.
func (s *Set) ByContent(y Sym) bool {
	n := s.NameOf(y)
	if n.Name == "" || n.ABI == ABIStatic {
		return true
	}
	if IsType(n.Name) || IsItab(n.Name) {
		return false
	}
	if s.Hashed(y) && !s.Kind(y).IsText() {
		return true
	}
	for _, p := range numbered {
		if strings.Contains(n.Name, p) {
			return true
		}
	}
	return false
}

// IsType reports the name of a type descriptor.
func IsType(name string) bool {
	return strings.HasPrefix(name, "type:") && !strings.HasPrefix(name, "type:.")
}

// IsItab reports the name of an interface table.
func IsItab(name string) bool { return strings.HasPrefix(name, "go:itab.") }

// Of is the fingerprint of y. It does not depend on what was asked before.
func (f *Fingerprinter) Of(y Sym) Fingerprint {
	if fp, ok := f.memo[y]; ok && !f.entered(y) {
		return fp
	}
	depth, opened := len(f.busy)+1, len(f.open)
	outer := f.low
	f.busy[y], f.low = depth, depth
	h := sha256.New()
	f.content(h, y)
	if f.set.Kind(y).IsText() {
		f.function(h, y)
	}
	delete(f.busy, y)
	var fp Fingerprint
	copy(fp[:], h.Sum(nil))
	if f.low == depth {
		f.memo[y] = fp
		f.close(y, opened)
	} else {
		f.open = append(f.open, y)
	}
	f.low = min(f.low, outer)
	return fp
}

// entered reports that a symbol is busy which y refers to and which refers to y. Then what y contributes depends on where
// their cycle was entered, and is not what y has by itself.
func (f *Fingerprinter) entered(y Sym) bool {
	cycle := f.cycle[y]
	if cycle == 0 {
		return false
	}
	for b := range f.busy {
		if f.cycle[b] == cycle {
			return true
		}
	}
	return false
}

// close notes the cycle that was entered at y: what has been opened since refers to y, and y to it.
func (f *Fingerprinter) close(y Sym, opened int) {
	for _, member := range f.open[opened:] {
		f.cycle[y], f.cycle[member] = y, y
	}
	f.open = f.open[:opened]
}

func (f *Fingerprinter) content(h hash.Hash, y Sym) {
	s := f.set
	data := append([]byte(nil), s.Data(y)...)
	for _, r := range s.Relocs(y) {
		if r.Size > 0 && r.Off+r.Size <= len(data) && !r.Type.inInstruction() {
			clear(data[r.Off : r.Off+r.Size])
		}
	}
	// Zeros at the end are there or not, in definitions that the linker takes for one.
	data = bytes.TrimRight(data, "\x00")
	number(h, uint64(s.Size(y)), uint64(s.Kind(y)), uint64(len(data)))
	h.Write(data)
	for _, r := range s.Relocs(y) {
		if r.Size == 0 {
			continue // a marker for the linker
		}
		weak := uint64(0)
		if r.Weak {
			weak = 1
		}
		number(h, uint64(r.Off), uint64(r.Size), uint64(r.Type), weak, uint64(r.Add))
		f.target(h, r.Sym)
	}
}

// function adds what the runtime knows of a function beside its code, without source positions.
func (f *Fingerprinter) function(h hash.Hash, y Sym) {
	const callerAgreement = 10 // arguments, locals, ID and flags
	for a := range f.set.Auxs(y) {
		switch a.Type {
		case AuxFuncInfo:
			if d := f.set.Data(a.Sym); len(d) >= callerAgreement {
				h.Write(d[:callerAgreement])
			}
		case AuxFuncdata:
			number(h, uint64(a.Type))
			f.target(h, a.Sym)
		case AuxPcsp, AuxPcdata:
			number(h, uint64(a.Type))
			if a.Sym != 0 {
				h.Write(f.set.Data(a.Sym))
			}
		}
	}
}

// target adds what a reference means.
func (f *Fingerprinter) target(h hash.Hash, y Sym) {
	s := f.set
	if y == 0 {
		number(h, 0)
		return
	}
	byContent := s.release.ClosuresByContent && s.copied(y) || s.ByContent(y)
	if !byContent {
		n := s.NameOf(y)
		h.Write([]byte(n.Name))
		number(h, 2, uint64(n.ABI))
		// The target may have moved into the patch with new content, which its users must follow.
		if !s.Kind(y).IsRodata() || IsType(n.Name) || IsItab(n.Name) {
			return
		}
	}
	if at, ok := f.busy[y]; ok {
		f.low = min(f.low, at)
		number(h, 1, uint64(len(f.busy)-at))
		return
	}
	if s.Kind(y) == 0 && len(s.Data(y)) == 0 {
		number(h, 3)
		return
	}
	fp := f.Of(y)
	h.Write(fp[:])
}

func number(h hash.Hash, v ...uint64) {
	var b [8]byte
	for _, x := range v {
		binary.LittleEndian.PutUint64(b[:], x)
		h.Write(b[:])
	}
}
