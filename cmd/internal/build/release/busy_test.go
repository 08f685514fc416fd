package release_test

import (
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/machine"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestStackChecksAreKnown holds what the compiler writes at the beginning of functions against the
// kinds that are known: only the overwritten bytes of such functions have to be free. The runtime has
// others, for its own stack; it is not patched.
func TestStackChecksAreKnown(t *testing.T) {
	for _, arch := range []machine.Arch{machine.AMD64, machine.ARM64} {
		t.Run(arch.Name, func(t *testing.T) { stackChecksAreKnown(t, arch) })
	}
}

func stackChecksAreKnown(t *testing.T, arch machine.Arch) {
	dir := testprogram.Write(t, smallProgram)
	r := makeRecord(t, testprogram.Build{Dir: dir, Env: testprogram.Cross(arch.Name)}.Program(t), dir)
	functions := 0
	for _, s := range r.Symbols {
		if !s.Kind.IsText() || s.ABI != goobj.ABIInternal || s.Asm || s.NoSplit || s.Package == "runtime" || strings.HasPrefix(s.Package, "internal/runtime/") {
			continue
		}
		// On arm64 small functions that call nothing have no check: MOVD 16(g), R16 begins one.
		if guard := [4]byte{0x90, 0x0b, 0x40, 0xf9}; arch.Name == machine.ARM64.Name && [4]byte(s.Head[:]) != guard {
			continue
		}
		functions++
		if want := (patch.Busy{Lo: 1, Hi: uint32(arch.JumpSize)}); s.Busy != want {
			t.Errorf("%s begins with % x, and is busy in %d-%d", s.Name, s.Head, s.Busy.Lo, s.Busy.Hi)
		}
	}
	if functions == 0 {
		t.Error("there was no function to look at")
	}
	t.Logf("%d functions", functions)
}
