//go:build unix

package agent

import (
	"syscall"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// leastRoom is the memory, in bytes, that the program has to be able to map besides a patch: the runtime ends a program
// that gets none when it asks, as it may whenever it stops a goroutine. It asks for 256 KB at a time.
const leastRoom = 512 << 10

// hasRoom refuses a change in a program that may not map anything more.
func hasRoom() error {
	b, err := syscall.Mmap(-1, 0, leastRoom, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return refused(control.ReasonMemory, "the program can't map %d KB of memory more (%v), and its runtime ends it when it needs some in the middle of a switch: raise its limit (RLIMIT_AS, vm.overcommit_memory), and apply again", leastRoom>>10, err)
	}
	return syscall.Munmap(b)
}
