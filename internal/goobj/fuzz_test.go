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
	f.Add(high)
	f.Add(low)
	const seed = 1
	random := rand.New(rand.NewPCG(seed, seed))
	for range 200 {
		f.Add(damage(high, random))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		s := newTinySet(t)
		if s.parse("low", "low.a", low) != nil || s.parse("high", "high.a", archive) != nil || s.Resolve() != nil {
			return
		}
		lookAtEverything(s, abbrevs)
	})
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// damage changes one to four bytes of an archive behind its first header, and sometimes its end.
func damage(archive []byte, random *rand.Rand) []byte {
	out := bytes.Clone(archive)
	for range 1 + random.IntN(4) {
		out[random.IntN(len(out))] = []byte{0, 1, 0x7f, 0x80, 0xff, byte(random.Uint32())}[random.IntN(6)]
	}
	if random.IntN(8) == 0 {
		out = out[:random.IntN(len(out))]
	}
	return out
}

func lookAtEverything(s *Set, abbrevs Abbrevs) {
	prints := NewFingerprinter(s)
	for _, o := range s.Objects {
		o.Files()
		for range s.Definitions(o) {
		}
		for i := range o.ndef + o.nref {
			lookAt(s, o.first+Sym(i), abbrevs, prints)
		}
	}
	for n, y := range s.AllNames() {
		s.Lookup(n.Name, n.ABI)
		lookAt(s, y, abbrevs, prints)
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
