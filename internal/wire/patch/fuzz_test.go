package patch

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"slices"
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

// FuzzSections feeds sections in files whose seal is right, and uses what gets through. The input is what is done to the sections
// of a patch, but for the relocations, which are short: the fuzzer is slow with long inputs, which it tries to shorten a byte at a time.
func FuzzSections(f *testing.F) {
	p := sample()
	header, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	relocs := appendRelocs(nil, p.Relocs)
	f.Add([]byte{}, relocs, []byte{})
	f.Add([]byte{}, []byte{0xff}, []byte{0, 0, 2, 0})
	for at, c := range header {
		if '0' <= c && c <= '9' {
			for _, digit := range []byte("09") {
				f.Add([]byte{byte(at), byte(at >> 8), byte(at % 2), digit}, relocs, []byte{}) // in its place, or before it
			}
		}
	}
	f.Fuzz(func(t *testing.T, inHeader, relocs, inImage []byte) {
		header, image := damaged(header, inHeader), damaged(p.Image.Bytes, inImage)
		p, err := Decode(sealedWith(headOf(header), header, relocs, image))
		if err != nil {
			return
		}
		use(p)
		if crc32.ChecksumIEEE(header)%64 > 0 || len(inHeader) == 0 {
			return // to compress takes a hundred times as long as all else
		}
		if _, err := Encode(p, nil); err != nil {
			t.Fatalf("a decoded patch can't be encoded: %v", err)
		}
	})
}

// damaged is content with a byte replaced, inserted or left out in each of some places: 2 bytes say where, 1 what is done, and 1 with
// which byte.
func damaged(content, damages []byte) []byte {
	out := bytes.Clone(content)
	for ; len(damages) >= 4 && len(out) > 0; damages = damages[4:] {
		at := (int(damages[0]) | int(damages[1])<<8) % len(out)
		switch damages[2] % 3 {
		case 0:
			out[at] = damages[3]
		case 1:
			out = slices.Insert(out, at, damages[3])
		case 2:
			out = slices.Delete(out, at, at+1)
		}
	}
	return out
}

// headOf is the head that a header needs to be read, as far as that can be told.
func headOf(header []byte) []byte {
	var p Patch
	if err := json.Unmarshal(header, &p); err != nil {
		return []byte("{}")
	}
	h := p.head()
	h.Image = min(h.Image, MaxImage)
	text, err := json.Marshal(h)
	if err != nil || len(text) > maxHead {
		return []byte("{}")
	}
	return text
}

// TestFuzzedSectionsAreRead makes sure that the fuzzer starts from a patch that is accepted.
func TestFuzzedSectionsAreRead(t *testing.T) {
	p := sample()
	header, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(sealedWith(headOf(header), header, appendRelocs(nil, p.Relocs), p.Image.Bytes)); err != nil {
		t.Fatal(err)
	}
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
