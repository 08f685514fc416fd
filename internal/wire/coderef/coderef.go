// Package coderef reads and writes the places in machine code that refer to an address: the operands of
// calls, of jumps, and of instructions that compute an address or use what is there. Build side and
// run side agree through it on what such a place says.
package coderef

// Arch is an instruction set.
type Arch interface {
	// Target is the address to which the place at address at refers, with the addend. ok is false for code
	// that refers to nothing.
	Target(place []byte, at uint64) (target uint64, ok bool)
	// SetTarget makes the place at address at refer to target. It reports false, with nothing changed, when
	// target is out of reach or the place is none that refers to anything.
	SetTarget(place []byte, at, target uint64) bool
	// Same reports whether a place of a compiled object and the one of a program differ in nothing but what the
	// linker writes.
	Same(object, linked []byte) bool
	// IsBranch reports a call or a jump. code is one byte longer than the place, at its front.
	IsBranch(code []byte) bool
	// Offset is the offset in thread-local storage that a place holds, SetOffset writes one.
	Offset(place []byte) int32
	SetOffset(place []byte, v int32) bool
}

// The instruction sets.
var (
	AMD64 Arch = amd64{}
	ARM64 Arch = arm64{}
)
