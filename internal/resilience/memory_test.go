//go:build linux && amd64

package resilience

import "testing"

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
		h.gosplice("apply", patchFile("v1")).fails(failed, "version v1 was not loaded: no ", " KB of memory are free between ")
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
				h.gosplice("apply", patchFile("v1")).fails(refused, "this process may not change its own code (/proc/self/mem: ", "; mprotect: ", "allow one of the two", "plugin chain")
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
