package image

import (
	"bytes"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestSearchModule finds the module data of a program without the section and the symbol that name it.
func TestSearchModule(t *testing.T) {
	for _, args := range [][]string{nil, {"-buildmode=pie"}} {
		f := openProgram(t, testprogram.Build{Dir: testprogram.Write(t, tinyProgram), Args: args})
		if got := f.searchModule(); got != f.ModuleAddr {
			t.Errorf("%v: module data was found at %#x, and is at %#x", args, got, f.ModuleAddr)
		}
		// A second one that looks the same leaves it open which it is.
		size := int(f.Layout["runtime.moduledata"])
		twin := section{lo: f.End() + 64, hi: f.End() + 64 + uint64(size), writable: true, data: bytes.Clone(f.Bytes(f.ModuleAddr, size))}
		f.sections = append(f.sections, twin)
		if got := f.searchModule(); got != 0 {
			t.Errorf("%v: of two that look the same %#x was taken", args, got)
		}
	}
}

// TestLastModule compares what is found by its content with the symbol table.
func TestLastModule(t *testing.T) {
	for _, args := range [][]string{nil, {"-buildmode=pie"}} {
		f := openProgram(t, testprogram.Build{Dir: testprogram.Write(t, tinyProgram), Args: args})
		if got, want := f.LastModule(), f.Symbols["runtime.lastmoduledatap"]; got != want || want == 0 {
			t.Errorf("%v: it was found at %#x, and is at %#x", args, got, want)
		}
	}
}
