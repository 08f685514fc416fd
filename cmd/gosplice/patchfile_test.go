package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// smallPatch is a patch of one function.
func smallPatch() *patch.Patch {
	const page = 4096
	return &patch.Patch{
		Version: "1.4.2",
		Made:    "2026-03-01T12:00:00Z",
		Release: patch.Release{
			BuildID: "a/b/c/d", Main: "example.org/server", Program: "server", GoVersion: "go1.26.8", GOOS: "linux", GOARCH: "amd64",
			TextHash: strings.Repeat("0f", 32), Text: 0x401000, Etext: 0x500000,
		},
		Image: patch.Image{
			Bytes: make([]byte, 3*page), Size: 4 * page, TextSize: page, RodataOff: page, DataOff: 2 * page,
			Moduledata: 2*page + 64, NearLow: 0x400000, NearHigh: 0x800000,
		},
		Funcs:     []patch.Func{{Name: "arena.(*Room).Tick", ABI: 1, Size: 0x33, Busy: patch.Busy{Lo: 1, Hi: 5}}},
		Redirects: []patch.Redirect{{Addr: 0x402fe0, Size: 0x20, Busy: patch.Busy{Lo: 1, Hi: 5}}},
		Changes: []patch.Change{
			{Symbol: "arena.maxPlayers", What: "16 -> 32", Verdict: "keeps its live value", ID: "GS2004"},
			{Symbol: "arena.(*Room).Tick", What: "body", Verdict: "applies"},
		},
	}
}

// writePatch writes the file of a small patch.
func writePatch(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	file, err := patch.Encode(smallPatch(), key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "server-1.4.2.gsp")
	if err := writeFile(name, file); err != nil {
		t.Fatal(err)
	}
	return name
}

// fixedKey is a private key that is always the same.
func fixedKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
}

func TestVerify(t *testing.T) {
	for name, key := range map[string]ed25519.PrivateKey{"verify": nil, "verify-signed": fixedKey()} {
		t.Run(name, func(t *testing.T) {
			file := writePatch(t, key)
			t.Chdir(filepath.Dir(file))
			code, out, messages := gosplice(t, "verify", filepath.Base(file))
			if code != exitDone || messages != "" {
				t.Errorf("exit code %d, %s", code, messages)
			}
			// Size and ID are those of the whole header, which gets a field now and then.
			p, content, err := readPatch(filepath.Base(file))
			if err != nil {
				t.Fatal(err)
			}
			size := fmt.Sprintf("%d bytes", len(content))
			if !strings.Contains(out, p.ID) || !strings.Contains(out, size) {
				t.Errorf("neither the ID %s nor the size, %s, in:\n%s", p.ID, size, out)
			}
			golden(t, name, strings.NewReplacer(p.ID, "ID", size, "SIZE").Replace(out))
		})
	}
}

func TestVerifyJSON(t *testing.T) {
	_, out, _ := gosplice(t, "verify", "--json", writePatch(t, fixedKey()))
	var v verifyJSON
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	if v.Version != "1.4.2" || len(v.Signer) != 64 || v.Release.BuildID != "a/b/c/d" || v.Functions[0] != "arena.(*Room).Tick" || len(v.Changes) != 2 {
		t.Errorf("%s", out)
	}
}

func TestDamagedPatchIsRefused(t *testing.T) {
	name := writePatch(t, nil)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file[len(file)/2] ^= 1
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"verify", "apply"} {
		if code, out, messages := gosplice(t, verb, name); code != exitRefused || out != "" || !strings.Contains(messages, "malformed patch") {
			t.Errorf("%s: exit code %d, %s%s", verb, code, out, messages)
		}
	}
}

func TestPatchThatDoesNotFitTheProgram(t *testing.T) {
	// This test is a Go program, and not the one that the patch was made for.
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code, _, messages := gosplice(t, "verify", writePatch(t, nil), exe)
	if code != exitRefused || !strings.Contains(messages, "was made for release 69b3db0 of server, and") {
		t.Errorf("exit code %d, %s", code, messages)
	}
}

// pemKey is the file of the fixed key.
func pemKey() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(fixedKey())
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestReadKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "release.key")
	if err := os.WriteFile(name, pemKey(), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := readKey(name)
	if err != nil || !key.Equal(fixedKey()) {
		t.Errorf("%v, %v", key, err)
	}
	if _, err := readKey("main.go"); err == nil || !strings.Contains(err.Error(), "gosplice keygen") {
		t.Errorf("error is %v", err)
	}
}

func TestPatchFileName(t *testing.T) {
	for _, test := range []struct {
		flags patchFlags
		patch patch.Patch
		want  string
	}{
		{patchFlags{}, patch.Patch{Version: "1.4.2"}, "server-1.4.2.gsp"},
		{patchFlags{}, patch.Patch{ID: "0123456789abcdef"}, "server-01234567.gsp"},
		{patchFlags{}, patch.Patch{Version: "fix/login"}, "server-fix_login.gsp"},
		{patchFlags{out: "x.gsp"}, patch.Patch{Version: "1.4.2"}, "x.gsp"},
	} {
		if got := test.flags.fileName("server", &test.patch); got != test.want {
			t.Errorf("file name %s, want %s", got, test.want)
		}
	}
}

func TestWriteFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.gsp")
	for _, content := range []string{"one", "two"} {
		if err := writeFile(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	// A directory in its place makes the last step fail.
	blocked := filepath.Join(dir, "b.gsp")
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(blocked, []byte("three")); err == nil {
		t.Error("no error")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("a temporary file is left: %v, %v", entries, err)
	}
}
