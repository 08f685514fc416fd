//go:build linux && amd64

package resilience

import (
	"fmt"
	"os"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestNoMemoryNearTheCode applies patches in a program that has mapped every gap within reach of its code.
func TestNoMemoryNearTheCode(t *testing.T) {
	h := startHost(t, "HOST_CONFINED=crowded")
	before := h.state()
	for range 2 {
		h.gosplice("apply", patchFile("v1")).fails(failed, "version v1 was not loaded: no ", " KB of memory are free between ", "restart the program with the edit built in")
	}
	h.stays(before)
}

// TestNoMemory applies patches while the program may not map anything.
func TestNoMemory(t *testing.T) {
	h := startHost(t)
	before := h.state()
	if answer := h.ask("limit on"); answer != "<nil>" {
		t.Fatal(answer)
	}
	for range 2 {
		h.gosplice("apply", patchFile("v1")).fails(refused, "the program can't map 512 KB of memory more (cannot allocate memory)", "raise its limit")
	}
	h.stays(before)
	if answer := h.ask("limit off"); answer != "<nil>" {
		t.Fatal(answer)
	}
	h.works()
}

// TestDeniedWrites takes ways of writing code from the program.
func TestDeniedWrites(t *testing.T) {
	for _, c := range []struct {
		name, confined string
		mode           string // "" when there is no way left
	}{
		{"nothing", "", "proc-mem"},
		{"making code writable", "mdwe", "proc-mem"},
		{"mprotect", "no-mprotect", "proc-mem"},
		{"writing through proc", "no-pwrite", "mprotect"},
		{"both", "no-pwrite no-mprotect", ""},
		{"both, one of them by the kernel's own rule", "no-pwrite mdwe", ""},
		{"all", "no-pwrite no-mprotect mdwe", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startHost(t, "HOST_CONFINED="+c.confined)
			if c.mode != "" {
				h.works()
				if got := h.status().WriteMode; got != c.mode {
					t.Errorf("code is written by %s, want %s", got, c.mode)
				}
				return
			}
			before := h.state()
			for range 2 {
				h.gosplice("apply", patchFile("v1")).fails(refused, "this process may not change its own code (/proc/self/mem: ", "; mprotect: ", "allow one of the two", "restart the program")
			}
			h.stays(before)
		})
	}
}

// TestDeniedBarrier takes from the program the system call that tells processors of changed code.
func TestDeniedBarrier(t *testing.T) {
	h := startHost(t, "HOST_CONFINED=no-membarrier")
	before := h.state()
	h.gosplice("apply", patchFile("v1")).fails(refused, "membarrier", "allow this system call")
	h.stays(before)
}

// TestBreakpoint has a debugger write into code of the program that a patch leaves alone: the file shows what it was.
func TestBreakpoint(t *testing.T) {
	h := startHost(t)
	p := decoded(t, "v1")
	// Behind a function, where nobody comes.
	gap := p.Release.Text
	for content := h.code(p); content[gap-p.Release.Text] != 0xcc; gap++ {
	}
	h.poke(gap, 0x90)
	h.gosplice("apply", patchFile("v1")).succeeds("another tool (a debugger, a uprobe, a monkey-patcher) has changed code that the patch leaves alone: the code at 0x")
	h.poke(gap, 0xcc)
	h.works()

}

// code reads the program's code.
func (h *host) code(p *patch.Patch) []byte {
	h.t.Helper()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	defer memory.Close()
	code := make([]byte, p.Release.Etext-p.Release.Text)
	if _, err := memory.ReadAt(code, int64(p.Release.Text)); err != nil {
		h.t.Fatal(err)
	}
	return code
}

// poke writes a byte into the program's memory.
func (h *host) poke(addr uint64, b byte) {
	h.t.Helper()
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", h.cmd.Process.Pid), os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	defer memory.Close()
	if _, err := memory.WriteAt([]byte{b}, int64(addr)); err != nil {
		h.t.Fatal(err)
	}
}
