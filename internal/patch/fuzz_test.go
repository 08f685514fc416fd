package patch

import (
	"encoding/json"
	"testing"
)

// FuzzDecode feeds whole files. Few get past the hash; FuzzSections goes deeper.
func FuzzDecode(f *testing.F) {
	f.Add(mustEncode(f, sample(), nil))
	f.Add(mustEncode(f, sample(), testKey()))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := Decode(file)
		if (p == nil) == (err == nil) {
			t.Fatalf("Decode = %v, %v", p, err)
		}
	})
}

// FuzzSections feeds sections in files whose seal is right, and uses what gets through.
func FuzzSections(f *testing.F) {
	p := sample()
	header, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	relocs := appendRelocs(nil, p.Relocs)
	f.Add(header, relocs, p.Image.Bytes)
	f.Add([]byte("{}"), []byte{}, []byte{})
	f.Add([]byte(`{"Funcs":[{}]}`), []byte{0xff}, []byte{0})
	f.Fuzz(func(t *testing.T, header, relocs, image []byte) {
		p, err := Decode(sealed(header, relocs, image))
		if err != nil {
			return
		}
		use(p)
		if _, err := Encode(p, nil); err != nil {
			t.Fatalf("a decoded patch can't be encoded: %v", err)
		}
	})
}

// use touches all that a loader would, and panics when Check let something through.
func use(p *Patch) {
	memory := make([]byte, min(p.Image.Size, 64<<20))
	touch := func(off, size uint64) {
		if p.Image.Size == uint64(len(memory)) {
			_ = memory[off : off+size]
		}
	}
	copy(memory, p.Image.Bytes)
	for _, r := range p.Relocs {
		touch(uint64(r.Off), uint64(r.Kind.Size()))
		if r.Kind.hasSymbol() {
			_ = p.Symbols[r.Sym]
		}
	}
	for _, s := range p.Symbols {
		touch(s.Off, s.Size)
	}
	for _, fn := range p.Funcs {
		touch(fn.Off, max(fn.Size, jumpWord))
	}
	for _, t := range p.Itabs {
		for _, slot := range t.Slots {
			touch(slot, 8)
		}
	}
	for _, r := range p.Redirects {
		_ = p.Funcs[r.Func]
	}
	for _, in := range p.Inits {
		for _, v := range in.Vars {
			_ = p.Symbols[v]
		}
	}
	touch(p.Image.Moduledata, 8)
}
