package patch

import (
	"bytes"
	"compress/flate"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func mustEncode(t testing.TB, p *Patch, key ed25519.PrivateKey) []byte {
	t.Helper()
	file, err := Encode(p, key)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRoundTrip(t *testing.T) {
	for name, key := range map[string]ed25519.PrivateKey{"unsigned": nil, "signed": testKey()} {
		t.Run(name, func(t *testing.T) {
			p := sample()
			file := mustEncode(t, p, key)
			got, err := Decode(file)
			if err != nil {
				t.Fatal(err)
			}
			// DeepEqual tells a key from the bytes of a key.
			p.Signer = []byte(p.Signer)
			if !reflect.DeepEqual(got, p) {
				t.Errorf("decoded patch differs:\n got %+v\nwant %+v", got, p)
			}
			if (key == nil) != (got.Signer == nil) {
				t.Errorf("Signer = %x", got.Signer)
			}
			if again := mustEncode(t, got, key); !bytes.Equal(again, file) {
				t.Error("encoding the decoded patch gives another file")
			}
			local, err := EncodeLocal(got, key)
			if err != nil {
				t.Fatal(err)
			}
			if got, err = Decode(local); err != nil {
				t.Fatal(err)
			}
			p.ID = got.ID // that of other bytes
			if !reflect.DeepEqual(got, p) {
				t.Error("the patch differs when it is not compressed")
			}
		})
	}
}

func TestIDDoesNotDependOnSignature(t *testing.T) {
	a, b := sample(), sample()
	mustEncode(t, a, nil)
	mustEncode(t, b, testKey())
	if a.ID != b.ID || len(a.ID) != 64 {
		t.Errorf("IDs %q and %q", a.ID, b.ID)
	}
	b.Version = "1.4.3"
	mustEncode(t, b, nil)
	if a.ID == b.ID {
		t.Error("different patches have one ID")
	}
}

func TestTruncatedFile(t *testing.T) {
	for _, key := range []ed25519.PrivateKey{nil, testKey()} {
		file := mustEncode(t, sample(), key)
		for n := range file {
			if _, err := Decode(file[:n]); !errors.Is(err, ErrMalformed) {
				t.Fatalf("first %d of %d bytes: %v", n, len(file), err)
			}
		}
		if _, err := Decode(append(file, 0)); !errors.Is(err, ErrMalformed) {
			t.Fatalf("one byte more: %v", err)
		}
	}
}

func TestFlippedBits(t *testing.T) {
	for _, key := range []ed25519.PrivateKey{nil, testKey()} {
		file := mustEncode(t, sample(), key)
		for i := range file {
			for bit := range 8 {
				file[i] ^= 1 << bit
				if _, err := Decode(file); !errors.Is(err, ErrMalformed) {
					t.Fatalf("bit %d of byte %d of %d flipped: %v", bit, i, len(file), err)
				}
				file[i] ^= 1 << bit
			}
		}
	}
}

func TestForeignSignature(t *testing.T) {
	p := sample()
	signed := mustEncode(t, p, testKey())
	p.Version = "2"
	other := mustEncode(t, p, testKey())
	const signature = ed25519.SignatureSize
	copy(other[len(other)-signature:], signed[len(signed)-signature:])
	if _, err := Decode(other); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("signature of another file: %v", err)
	}
}

func TestNewerFormat(t *testing.T) {
	file := mustEncode(t, sample(), nil)
	binary.LittleEndian.PutUint32(file[len(magic):], FormatVersion+1)
	if _, err := Decode(file); err == nil || !strings.Contains(err.Error(), fmt.Sprint("reads format ", FormatVersion)) {
		t.Errorf("newer format: %v", err)
	}
}

// sealed returns a file of the given sections whose seal is right, as an attacker can make it.
func sealed(header, relocs, image []byte) []byte {
	return sealedWith([]byte(`{"Image":4096}`), header, relocs, image)
}

func sealedWith(head, header, relocs, image []byte) []byte {
	file := []byte(magic)
	file = binary.LittleEndian.AppendUint32(file, FormatVersion)
	file = append(binary.LittleEndian.AppendUint32(file, uint32(len(head))), head...)
	for _, content := range [][]byte{header, relocs, image} {
		file = appendStored(file, content)
	}
	return appendSeal(file, new(Patch), nil)
}

// appendStored does as appendSection without compressing, which fuzzing has no time for: blocks that are stored, of which each has
// its length twice, the second time with all bits flipped.
func appendStored(file, content []byte) []byte {
	const most = 1<<16 - 1
	var stored []byte
	for rest := content; ; {
		part := rest[:min(most, len(rest))]
		rest = rest[len(part):]
		last := byte(0)
		if len(rest) == 0 {
			last = 1
		}
		n := uint16(len(part))
		stored = append(stored, last)
		stored = binary.LittleEndian.AppendUint16(stored, n)
		stored = binary.LittleEndian.AppendUint16(stored, ^n)
		stored = append(stored, part...)
		if last == 1 {
			break
		}
	}
	file = binary.LittleEndian.AppendUint32(file, uint32(len(stored)))
	file = binary.LittleEndian.AppendUint32(file, uint32(len(content)))
	return append(file, stored...)
}

func TestHostileSections(t *testing.T) {
	image := make([]byte, pageSize)
	const plain = `{"Image":{"Size":4096}}`
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty header":     {sealed(nil, nil, image), "EOF"},
		"header of null":   {sealed([]byte("null"), nil, image), "other things"},
		"two objects":      {sealed([]byte("{}{}"), nil, image), "text follows"},
		"unknown field":    {sealed([]byte(`{"Danger":1}`), nil, image), "unknown field"},
		"empty objects":    {sealed([]byte(`{"Funcs":[`+strings.Repeat("{},", 1e6)+`{}]}`), nil, image), "of memory"},
		"nulls":            {sealed([]byte(`{"Funcs":[`+strings.Repeat("null,", 1e6)+`null]}`), nil, image), "of memory"},
		"deep":             {sealed([]byte(strings.Repeat("[", 1e6)), nil, image), "begins no patch.Patch"},
		"other head":       {sealed([]byte("{}"), nil, image), "the head says other things"},
		"image too long":   {sealed([]byte(plain), nil, make([]byte, pageSize+1)), "claims 4097 bytes"},
		"endless varint":   {sealed([]byte(plain), bytes.Repeat([]byte{0xff}, 100), image), "end within a number"},
		"too many relocs":  {sealed([]byte(plain), make([]byte, pageSize), image), "more relocations"},
		"relocs too long":  {sealed([]byte(plain), make([]byte, 1e6), image), "claims 1000000 bytes"},
		"reloc far away":   {sealed([]byte(plain), binary.AppendUvarint(nil, 1<<63), image), "outside the image"},
		"symbol too great": {sealed([]byte(plain), binary.AppendUvarint([]byte{byte(AddSym64)}, 1<<40), image), "refers to symbol"},
		"no head":          {sealedWith(nil, []byte(plain), nil, image), "head"},
		"two heads":        {sealedWith([]byte("{}{}"), []byte(plain), nil, image), "text follows"},
		"unknown head":     {sealedWith([]byte(`{"Danger":1}`), []byte(plain), nil, image), "unknown field"},
		"long head":        {sealedWith([]byte(`{"Program":"`+strings.Repeat("x", maxHead)+`"}`), []byte(plain), nil, image), "the limit is 8192"},
		"escapes in head":  {sealedWith([]byte(`{"Program":"\u001b[2J"}`), []byte(plain), nil, image), "head"},
		"head too large":   {sealedWith([]byte(`{"Image":4294967296}`), []byte(plain), nil, image), "the limit is"},
	} {
		_, err := Decode(c.file)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: %.1000v, want %q", name, err, c.want)
		}
	}
}

// TestBombs: files that claim more than linkers make of it are refused before it is decompressed.
func TestBombs(t *testing.T) {
	file := func(header, relocs, image []byte) []byte {
		file := binary.LittleEndian.AppendUint32([]byte(magic), FormatVersion)
		head := []byte(`{"Image":1073741824}`)
		file = append(binary.LittleEndian.AppendUint32(file, uint32(len(head))), head...)
		for _, content := range [][]byte{header, relocs, image} {
			file = appendSection(file, content, flate.BestCompression)
		}
		return appendSeal(file, new(Patch), nil)
	}
	long := append(append([]byte(`{"Funcs":[`), bytes.Repeat([]byte(`{"Name":"aaaaaaaa"},`), 1<<20)...), "{}]}"...)
	numbers := append(append([]byte(`{"Funcs":[{"Callees":[1`), bytes.Repeat([]byte(",1"), 10<<20)...), "]}]}"...)
	for name, bomb := range map[string][]byte{"functions": file(long, nil, nil), "numbers": file(numbers, nil, nil), "image": file([]byte("{}"), nil, make([]byte, 32<<20))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(bomb)
		runtime.ReadMemStats(&after)
		taken := int(after.TotalAlloc - before.TotalAlloc)
		if !errors.Is(err, ErrMalformed) || taken > 1<<20+len(bomb) {
			t.Errorf("%s: a file of %d bytes takes %d: %v", name, len(bomb), taken, err)
		}
	}
}

func TestSectionThatLies(t *testing.T) {
	for _, size := range []int{0, 99, 101, 1 << 30} {
		s, rest, err := cutSection(appendSection(nil, make([]byte, 100), flate.BestCompression), "image")
		if err != nil || len(rest) != 0 {
			t.Fatal(err)
		}
		s.size = size
		if _, err := s.content(MaxImage); err == nil {
			t.Errorf("section of 100 bytes claims %d, and is read", size)
		}
	}
}

func TestEncodeRefusesWhatCheckRefuses(t *testing.T) {
	p := sample()
	p.Image.Size = 1
	if _, err := Encode(p, nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("Encode: %v", err)
	}
	if _, err := Encode(sample(), make(ed25519.PrivateKey, 5)); err == nil {
		t.Error("a key of 5 bytes signs")
	}
}

func BenchmarkDecode(b *testing.B) {
	file := mustEncode(b, sample(), nil)
	b.ReportMetric(float64(len(file)), "file-bytes")
	for b.Loop() {
		if _, err := Decode(file); err != nil {
			b.Fatal(err)
		}
	}
}
