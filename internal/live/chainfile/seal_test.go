package chainfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestReadsWhatWasSealed(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []ed25519.PrivateKey{nil, key} {
		f, err := read(sample(t, nil, k))
		if err != nil {
			t.Fatal(err)
		}
		if f.Chain != "game" || f.Version != "1.0.1" || f.Plugin != 400 || len(f.ID) != 64 || len(f.Shared) != 2 {
			t.Errorf("%+v", f)
		}
		if k == nil && f.Signer != nil || k != nil && !f.Signer.Equal(key.Public()) {
			t.Errorf("signer %x", f.Signer)
		}
	}
}

// TestEveryCut cuts a file off at each byte.
func TestEveryCut(t *testing.T) {
	file := sample(t, nil, nil)
	for n := range file {
		if _, err := read(file[:n]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut off at %d of %d bytes: %v", n, len(file), err)
		}
	}
}

// TestEveryByte changes each byte of a signed file.
func TestEveryByte(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	file := sample(t, nil, key)
	for i := range file {
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x40
		if _, err := read(damaged); !errors.Is(err, ErrMalformed) {
			t.Fatalf("byte %d of %d changed: %v", i, len(file), err)
		}
	}
}

func TestSignatureOfAnotherFile(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	a, b := sample(t, nil, key), sample(t, func(m *Manifest) { m.Made = "x" }, key)
	seal := len(a) - tailSize - sealSize
	other := len(b) - tailSize - sealSize
	copy(a[seal:], b[other:other+ed25519.PublicKeySize+ed25519.SignatureSize])
	if _, err := read(a); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Error(err)
	}
}

// TestManifestsThatNobodyWrites are whole files with manifests that contradict themselves.
func TestManifestsThatNobodyWrites(t *testing.T) {
	for name, change := range map[string]func(*Manifest){
		"chain":        func(m *Manifest) { m.Chain = "Game" },
		"version":      func(m *Manifest) { m.Version = "1.0" },
		"identity":     func(m *Manifest) { m.Identity = "game_1-0-2_0123456789"; m.Path = "ex.com/" + m.Identity },
		"identity tag": func(m *Manifest) { m.Identity = "game_1-0-1_../../../x"; m.Path = "ex.com/" + m.Identity },
		"path":         func(m *Manifest) { m.Path = "ex.com/logic" },
		"table":        func(m *Manifest) { m.Table = "Table" },
		"package":      func(m *Manifest) { m.Shared[0].Export = "" },
		"twice":        func(m *Manifest) { m.Shared[0].Path = "fmt" },
	} {
		if _, err := read(sample(t, change, nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEverySplit moves the end of the plugin to each other place: what is plugin and what is manifest is signed too.
func TestEverySplit(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	file := sample(t, nil, key)
	tail := len(file) - tailSize
	whole := len(file) - tailSize - sealSize
	right := binary.LittleEndian.Uint64(file[tail:])
	for n := range uint64(whole + 1) {
		other := bytes.Clone(file)
		binary.LittleEndian.PutUint64(other[tail:], n)
		binary.LittleEndian.PutUint32(other[tail+8:], uint32(uint64(whole)-n))
		_, err := read(other)
		if n == right && err != nil || n != right && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "its content is not what was built")) {
			t.Errorf("split at %d of %d: %v", n, whole, err)
		}
	}
}

// In format 1 the lengths were under no signature.
func TestFormerFormat(t *testing.T) {
	file := sample(t, nil, nil)
	binary.LittleEndian.PutUint32(file[len(file)-len(magic)-4:], 1)
	if _, err := read(file); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "format 1") {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(f, nil, nil))
	f.Add([]byte("\x7fELF"))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := read(file)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%v does not wrap ErrMalformed", err)
		}
		if err == nil && (got.Chain == "" || got.Plugin > int64(len(file))) {
			t.Errorf("%+v", got)
		}
	})
}
