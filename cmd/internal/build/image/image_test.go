package image

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

const tinyProgram = `-- main.go --
package main

var list = []string{"a"}

func main() { println(list[0]) }
`

// goRelease is the release of the toolchain.
func goRelease(t testing.TB) *gorelease.Release {
	t.Helper()
	r, err := gorelease.Of(runtime.Version())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openProgram(t *testing.T, b testprogram.Build) *File {
	t.Helper()
	f, err := Open(b.Program(t), goRelease(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLayoutTable compares the table for stripped programs with what the debugging information of a
// program of the same release says.
func TestLayoutTable(t *testing.T) {
	f := openProgram(t, testprogram.Build{Dir: testprogram.Write(t, tinyProgram)})
	table, err := goRelease(t).Layout("amd64")
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(table, f.Layout) {
		t.Errorf("the table and the debugging information differ.\nTable:\n%s\nDebugging information:\n%s", formatLayout(table), formatLayout(f.Layout))
	}
	for name := range laidOut {
		if f.Layout[name] == 0 {
			t.Errorf("%s has no size", name)
		}
	}
}

// TestStripped compares a stripped program with the same program that is not.
func TestStripped(t *testing.T) {
	dir := testprogram.Write(t, tinyProgram)
	whole := openProgram(t, testprogram.Build{Dir: dir})
	stripped := openProgram(t, testprogram.Build{Dir: dir, Args: []string{"-ldflags=-s -w"}})
	if len(stripped.Symbols) != 0 {
		t.Errorf("the stripped program has %d symbols", len(stripped.Symbols))
	}
	if !slices.Equal(whole.Funcs, stripped.Funcs) {
		t.Errorf("%d functions in the whole program, %d others in the stripped one", len(whole.Funcs), len(stripped.Funcs))
	}
	if !maps.Equal(whole.Layout, stripped.Layout) {
		t.Error("the structures are laid out otherwise in the stripped program")
	}
	for _, f := range whole.Funcs {
		if a, ok := whole.Symbols[f.Name]; ok && a != f.Entry && whole.Symbols[f.Name+".abi0"] != f.Entry {
			t.Errorf("%s is at %#x in the function table and at %#x in the symbol table", f.Name, f.Entry, a)
		}
	}
}

func TestOpenWhatIsNoProgram(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, says string }{
		{text, "not an ELF program"},
		{filepath.Join(dir, "absent"), "no such file"},
		{"/bin/sh", "not a Go program"},
		{dir, ""},
	} {
		if _, err := Open(c.path, goRelease(t)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v", c.path, err)
		}
	}
}

func TestFuncAt(t *testing.T) {
	f := &File{Funcs: []Func{{"a", 0x1000, 0x1010}, {"b", 0x1010, 0x1018}, {"c", 0x1020, 0x1030}}}
	for pc, want := range map[uint64]string{0xfff: "", 0x1000: "a", 0x100f: "a", 0x1010: "b", 0x1018: "", 0x101f: "", 0x102f: "c", 0x1030: ""} {
		got := ""
		if fn := f.FuncAt(pc); fn != nil {
			got = fn.Name
		}
		if got != want {
			t.Errorf("%q is at %#x, not %q", got, pc, want)
		}
	}
}

func TestMemory(t *testing.T) {
	f := &File{sections: []section{
		{lo: 0x1000, hi: 0x1004, data: []byte("abcd")},
		{lo: 0x2000, hi: 0x2010, writable: true},
		{lo: 0x3000, hi: 0x3010, data: []byte("short")},
	}}
	const huge = 1<<63 - 1
	for _, c := range []struct {
		addr uint64
		n    int
		want string
		none bool
	}{
		{addr: 0x1000, n: 4, want: "abcd"},
		{addr: 0x1003, n: 1, want: "d"},
		{addr: 0x1003, n: 0, want: ""},
		{addr: 0x1003, n: 2, none: true},
		{addr: 0x1003, n: -1, none: true},
		{addr: 0x1003, n: huge, none: true},
		{addr: 0x1004, n: 0, none: true},
		{addr: 0x2000, n: 1, none: true},
		{addr: 0x3008, n: 0, none: true},
		{addr: 0x3000, n: 6, none: true},
	} {
		if b := f.Bytes(c.addr, c.n); (b == nil) != c.none || string(b) != c.want {
			t.Errorf("Bytes(%#x, %d) = %q", c.addr, c.n, b)
		}
	}
	for addr, want := range map[uint64][2]bool{0x1000: {true, false}, 0x1004: {true, false}, 0x1005: {}, 0x200f: {true, true}, 0x2010: {true, false}} {
		if got := [2]bool{f.Contains(addr), f.Writable(addr)}; got != want {
			t.Errorf("%#x: contained and writable %v, want %v", addr, got, want)
		}
	}
	if f.End() != 0x3010 {
		t.Errorf("the memory ends at %#x", f.End())
	}
}
