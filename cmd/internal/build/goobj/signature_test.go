package goobj_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
)

// The same signatures as functions that are inlined, that are not, and that defer something: the
// compiler describes each kind in its own way.
const signatures = `package main

type pair struct{ a, b int }

func inUnnamed(int, string) (int, error)                 { return 1, nil }
func inBlank(_ int, b string, _ []byte) (_ pair, _ error) { return pair{}, nil }
func inNamed(a int, b ...string) (n int, err error)      { return 1, nil }
func inInt() int                                         { return 1 }
func inString() string                                   { return "" }
func (p pair) inMethod(_ int) (x, _ pair)                { return pair{}, pair{} }

//go:noinline
func noUnnamed(int, string) (int, error) { return 1, nil }

//go:noinline
func noBlank(_ int, b string, _ []byte) (_ pair, _ error) { return pair{}, nil }

//go:noinline
func noNamed(a int, b ...string) (n int, err error) { return 1, nil }

//go:noinline
func noInt() int { return 1 }

//go:noinline
func noString() string { return "" }

//go:noinline
func (p pair) noMethod(_ int) (x, _ pair) { return pair{}, pair{} }

func deUnnamed(int, string) (int, error)                 { defer f(); return 1, nil }
func deBlank(_ int, b string, _ []byte) (_ pair, _ error) { defer f(); return pair{}, nil }
func deNamed(a int, b ...string) (n int, err error)      { defer f(); return 1, nil }
func deInt() int                                         { defer f(); return 1 }
func deString() string                                   { defer f(); return "" }
func (p pair) deMethod(_ int) (x, _ pair)                { defer f(); return pair{}, pair{} }

//go:noinline
func f() {}

var keep = []any{inUnnamed, inBlank, inNamed, inInt, inString, pair.inMethod,
	noUnnamed, noBlank, noNamed, noInt, noString, pair.noMethod,
	deUnnamed, deBlank, deNamed, deInt, deString, pair.deMethod}

func main() {
	println(keep)
	inUnnamed(1, "")
	inBlank(1, "", nil)
	inNamed(1, "")
	inInt()
	inString()
	pair{}.inMethod(1)
}
`

func TestSignatureKeys(t *testing.T) {
	set := compile(t, signatures)
	abbrevs, err := goobj.NewAbbrevs(release(t))
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]string{}
	for _, name := range []string{"Unnamed", "Blank", "Named", "Int", "String", "Method"} {
		var key string
		for _, how := range []string{"in", "no", "de"} {
			symbol := "main." + how + name
			if name == "Method" {
				symbol = "main.pair." + how + name
			}
			y, ok := set.Lookup(symbol, goobj.ABIInternal)
			if !ok {
				t.Fatal("no symbol", symbol)
			}
			g, err := set.Signature(y, abbrevs)
			if err != nil {
				t.Fatal(err)
			}
			if key == "" {
				key = g.Key()
			}
			if g.Key() != key {
				t.Errorf("%s has the key %q, others of its signature %q", symbol, g.Key(), key)
			}
		}
		if other, ok := byKey[key]; ok {
			t.Errorf("%s and %s have the same key %q", name, other, key)
		}
		byKey[key] = name
	}
}

// compile loads the objects of a program of one file, with all that it depends on.
func compile(t *testing.T, source string) *goobj.Set {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example\n\ngo 1.24\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return objects(t, dir, os.Environ(), release(t))
}

// objects loads the objects of the program in dir, as the go command of an environment compiles it.
func objects(t *testing.T, dir string, env []string, release *gorelease.Release) *goobj.Set {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Name,Export", ".")
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	set, err := goobj.NewSet(release)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct{ ImportPath, Name, Export string }
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Name == "main" {
			p.ImportPath = "main"
		}
		if p.Export == "" {
			continue
		}
		if err := set.Load(goobj.Source{Package: p.ImportPath, Path: p.Export}); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Resolve(); err != nil {
		t.Fatal(err)
	}
	return set
}

// release is the release of the go command.
func release(t *testing.T) *gorelease.Release {
	t.Helper()
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := gorelease.Of(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
