package goobj

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// FuzzObjects loads damaged archives beside a sound one, and looks at everything in them: what is
// wrong has to be an error of Load or Resolve, or a value that says nothing.
func FuzzObjects(f *testing.F) {
	lowPath, highPath := compileTiny(f)
	low, high := readFile(f, lowPath), readFile(f, highPath)
	abbrevs, err := NewAbbrevs(goRelease(f))
	if err != nil {
		f.Fatal(err)
	}
	const seed = 1
	random := rand.New(rand.NewPCG(seed, seed))
	f.Add([]byte{})
	for range 200 {
		damages := make([]byte, damageSize*(1+random.IntN(4))+random.IntN(2))
		for i := range damages {
			damages[i] = byte(random.Uint32())
		}
		f.Add(damages)
	}
	// The input is the damage and not the archive: the fuzzer is slow with long ones, and its changes would mostly be to what
	// nobody reads.
	f.Fuzz(func(t *testing.T, damages []byte) {
		s := newTinySet(t)
		if s.parse("low", "low.a", low) != nil || s.parse("high", "high.a", damaged(high, damages)) != nil || s.Resolve() != nil {
			return
		}
		lookAtEverything(s, abbrevs)
	})
}

// damageSize is how many bytes say what is done to one place of an archive: 3 for the place, 1 for what it becomes.
const damageSize = 4

// damaged is an archive with changes; what is left of damages says where it ends.
func damaged(archive, damages []byte) []byte {
	out := bytes.Clone(archive)
	for ; len(damages) >= damageSize; damages = damages[damageSize:] {
		at := int(damages[0]) | int(damages[1])<<8 | int(damages[2])<<16
		out[at%len(out)] = damages[3]
	}
	if len(damages) == 1 {
		out = out[:len(out)*int(damages[0])/256]
	}
	return out
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func lookAtEverything(s *Set, abbrevs Abbrevs) {
	prints := NewFingerprinter(s)
	seen := map[Sym]bool{}
	look := func(y Sym) {
		if !seen[y] {
			seen[y] = true
			lookAt(s, y, abbrevs, prints)
		}
	}
	for _, o := range s.Objects {
		o.Files()
		for range s.Definitions(o) {
		}
		for i := range o.ndef + o.nref {
			look(o.first + Sym(i))
		}
	}
	for n, y := range s.AllNames() {
		s.Lookup(n.Name, n.ABI)
		look(y)
	}
}

// lookAt calls every accessor of a symbol and of what it refers to.
func lookAt(s *Set, y Sym, abbrevs Abbrevs, prints *Fingerprinter) {
	_ = s.NameOf(y).String()
	s.Kind(y)
	s.Size(y)
	s.Align(y)
	s.Data(y)
	s.Hashed(y)
	s.ByContent(y)
	s.Dups(y)
	s.FuncInfo(y)
	if g, err := s.Signature(y, abbrevs); err == nil {
		g.Key()
	}
	prints.Of(y)
	prints.TypeLayout(y)
	for _, r := range s.Relocs(y) {
		s.NameOf(r.Sym)
		s.Flags(r.Sym)
	}
	for a := range s.Auxs(y) {
		s.Data(a.Sym)
	}
	lookAtType(s, y)
}

func lookAtType(s *Set, y Sym) {
	t, ok := s.Type(y)
	if !ok {
		return
	}
	_ = t.String()
	t.Named()
	t.Kind()
	t.PtrBytes()
	t.GCMask()
	t.Methods()
	t.IfaceMethods()
	const enough = 1000
	n := 0
	if parts, ok := t.Parts(); ok {
		for range parts {
			if n++; n == enough {
				break
			}
		}
	}
}
