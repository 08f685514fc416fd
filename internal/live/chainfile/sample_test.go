package chainfile

import (
	"bytes"
	"crypto/ed25519"
	"testing"
)

// sample is a plugin file whose plugin is no ELF file, which nothing here looks into.
func sample(t testing.TB, change func(*Manifest), key ed25519.PrivateKey) []byte {
	t.Helper()
	m := &Manifest{
		Chain: "game", Version: "1.0.1", Identity: "game_1-0-1_0123456789", Path: "ex.com/logic/game_1-0-1_0123456789",
		Table: "ex.com/api.Table", Logic: []string{"ex.com/logic"},
		Shared:    []Package{{Path: "ex.com/api", Sources: "aa", Export: "bb"}, {Path: "fmt", Export: "cc"}},
		Toolchain: Toolchain{Go: "go1.26.8", OS: "linux", Arch: "amd64", Flags: []string{"-pgo=off"}},
	}
	if change != nil {
		change(m)
	}
	code := bytes.Repeat([]byte("code"), 100)
	end, err := Seal(bytes.NewReader(code), m, key)
	if err != nil {
		t.Fatal(err)
	}
	return append(code, end...)
}

func read(file []byte) (*File, error) { return Read(bytes.NewReader(file), int64(len(file))) }
