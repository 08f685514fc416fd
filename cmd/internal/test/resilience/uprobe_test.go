//go:build linux && amd64

package resilience

import (
	"debug/elf"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// probe is a uprobe on a function of the program.
type probe struct {
	h  *host
	fd int
}

// probe places a uprobe on the first instruction of a function, as eBPF tools do. A test that may not is skipped.
func (h *host) probe(function string) *probe {
	h.t.Helper()
	text, err := os.ReadFile("/sys/bus/event_source/devices/uprobe/type")
	if err != nil {
		h.t.Skipf("this kernel has no uprobes: %v", err)
	}
	kind, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		h.t.Fatal(err)
	}
	path, err := syscall.BytePtrFromString(fixture.program)
	if err != nil {
		h.t.Fatal(err)
	}
	// struct perf_event_attr, of which the rest is 0.
	attr := struct {
		kind, size     uint32
		config         uint64
		period         uint64
		sample, read   uint64
		flags          uint64
		wakeup, bpType uint32
		path, offset   uint64
		_              [64]byte
	}{kind: uint32(kind), path: uint64(uintptr(unsafe.Pointer(path))), offset: fileOffset(h.t, function)}
	attr.size = uint32(unsafe.Sizeof(attr))
	const perfEventOpen = 298
	fd, _, e := syscall.Syscall6(perfEventOpen, uintptr(unsafe.Pointer(&attr)), uintptr(h.cmd.Process.Pid), ^uintptr(0), ^uintptr(0), 0, 0)
	runtime.KeepAlive(path)
	if errors.Is(e, syscall.EPERM) || errors.Is(e, syscall.EACCES) || errors.Is(e, syscall.ENOSYS) {
		h.t.Skipf("no uprobe may be placed here: %v", e)
	}
	if e != 0 {
		h.t.Fatalf("a uprobe on %s: %v", function, e)
	}
	return &probe{h, int(fd)}
}

// remove takes the uprobe away.
func (p *probe) remove() {
	p.h.t.Helper()
	if err := syscall.Close(p.fd); err != nil {
		p.h.t.Fatal(err)
	}
}

// fileOffset is where the program's file has a function.
func fileOffset(t *testing.T, function string) uint64 {
	t.Helper()
	f, addr := symbol(t, function)
	defer f.Close()
	for _, s := range f.Progs {
		if s.Type == elf.PT_LOAD && addr-s.Vaddr < s.Filesz {
			return addr - s.Vaddr + s.Off
		}
	}
	t.Fatalf("%s is not in the file", function)
	return 0
}

func symbol(t *testing.T, function string) (f *elf.File, addr uint64) {
	t.Helper()
	f, err := elf.Open(fixture.program)
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == function {
			return f, s.Value
		}
	}
	t.Fatalf("the program has no %s", function)
	return nil, 0
}

// TestUprobe has uprobes on a function that patches change and others leave alone. Before and after the first patch, an
// apply and a rollback that would write there are refused, with the same exit code and the function's name; others say
// what they left.
func TestUprobe(t *testing.T) {
	h := startHost(t)
	const function, left = "main.seldom", "has changed code that the patch leaves alone: main.seldom"
	words := []string{function, "another tool has changed its code in memory (a breakpoint, of a debugger or an eBPF uprobe): detach that tool, then try again"}
	before := h.ask("seldom")
	p := h.probe(function)
	h.gosplice("apply", patchFile("rare")).fails(refused, words...)
	h.gosplice("apply", patchFile("v1")).succeeds(left)
	h.gosplice("apply", patchFile("rare")).fails(refused, words...)
	if got := h.ask("seldom"); got != before {
		t.Errorf("with a uprobe the program says %q, and before %q", got, before)
	}
	h.gosplice("rollback").succeeds()
	p.remove()
	h.gosplice("apply", patchFile("rare")).succeeds()
	if got := h.ask("seldom"); !strings.HasPrefix(got, "often") {
		t.Errorf("with the patch the program says %q", got)
	}
	h.gosplice("rollback").succeeds()
	h.works()
}

// TestUprobeOnJump attaches a uprobe to a function that a patch has redirected, and detaches it: the kernel puts
// back what the program's file has, and leaves a jump without its beginning. Nothing more is written there, and the reason
// does not say that the other tool could undo it.
func TestUprobeOnJump(t *testing.T) {
	h := startHost(t)
	h.gosplice("apply", patchFile("rare")).succeeds()
	p := h.probe("main.seldom")
	for _, args := range [][]string{{"rollback"}, {"apply", patchFile("v2")}} {
		h.gosplice(args...).fails(refused, "main.seldom", "a breakpoint, of a debugger or an eBPF uprobe")
	}
	p.remove()
	for _, args := range [][]string{{"rollback"}, {"apply", patchFile("v2")}} {
		h.gosplice(args...).fails(refused, "main.seldom", "when a uprobe is detached that was attached after the patch", "restart the program")
	}
}
