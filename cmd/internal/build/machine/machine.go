// Package machine holds what depends on the instruction set: which program counters conflict
// with writing a jump, and how code refers to a table. One file for each architecture.
package machine

import (
	"fmt"

	"github.com/gosplice/gosplice/internal/wire/coderef"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Arch is an instruction set, as linking for it needs it. Its methods take the whole code of a function.
type Arch struct {
	// Name is its GOARCH.
	Name string
	// JumpSize is the length in bytes of the jump that is written over an entry.
	JumpSize int
	// PCQuantum is the size of the smallest instruction in bytes.
	PCQuantum byte
	// CallLead is the number of bytes of a call before those that the linker writes.
	CallLead int
	// PageSize is the size in bytes of the largest pages that kernels use, to which the parts of an image are
	// aligned.
	PageSize uint64
	// Breakpoint fills the space between functions.
	Breakpoint []byte
	// LinkRegister says that a call leaves its return address in a register.
	LinkRegister bool
	// Reach is how far a jump leads in bytes: program and image have to lie within it, unless the image is a far
	// one. FarReach is how far those may be: references to data and offsets of 32 bits lead there.
	Reach, FarReach uint64
	// Veneer is code that goes on at the address to which its start refers, wherever that is. It changes
	// registers that calls do not preserve. Empty where jumps lead as far as everything else.
	Veneer []byte

	instructions
	// Code reads and writes references in code.
	Code coderef.Arch
}

// instructions is what an architecture knows of code.
type instructions interface {
	// Busy says at which offsets of a function no goroutine may be stopped while a jump is written
	// over its entry.
	Busy(code []byte) patch.Busy
	// BusyFar is Busy for a jump that leads as far as FarReach, and takes all of the first 8 bytes. ok is false for
	// functions over whose entries it can't be written at any time.
	BusyFar(code []byte) (b patch.Busy, ok bool)
	// Trampoline reports code at address at that a linker has made for calls which do not reach their target.
	Trampoline(code []byte, at uint64) (target uint64, ok bool)
	// LoopsAtEntry reports a function without a check for stack space in which a jump leads back to one of the
	// bytes that a jump over its entry overwrites. In such a loop somebody may be all the time.
	LoopsAtEntry(code []byte) bool
	// ComputesAddress reports that the place at off, which refers to an address, computes it. Others read or
	// write what is there.
	ComputesAddress(code []byte, off int) bool
	// LoadThroughSlot turns the place at off, which computes an address, into one that loads it from a slot.
	// It reports false for any other.
	LoadThroughSlot(code []byte, off int) bool

	// ThreadOffset turns the instruction that loads the place of a thread-local variable from the global offset
	// table, at off, into one that holds it, as linkers do in programs. It reports false for any other instruction.
	ThreadOffset(code []byte, off int) bool

	flowOf(code []byte) (*flow, bool)
}

// The architectures.
var (
	AMD64 = Arch{Name: "amd64", JumpSize: 5, PCQuantum: 1, CallLead: 1, PageSize: 4 << 10, Breakpoint: []byte{0xcc}, Reach: 1 << 31, FarReach: 1 << 31, instructions: amd64{}, Code: coderef.AMD64}
	ARM64 = Arch{Name: "arm64", JumpSize: 4, PCQuantum: 4, CallLead: 0, PageSize: 64 << 10, Breakpoint: []byte{0, 0, 0x20, 0xd4}, Reach: 1 << 27, FarReach: 1 << 31, Veneer: veneer, LinkRegister: true, instructions: arm64{}, Code: coderef.ARM64}
)

// Of finds an architecture by its GOARCH.
func Of(goarch string) (Arch, error) {
	for _, a := range []Arch{AMD64, ARM64} {
		if a.Name == goarch {
			return a, nil
		}
	}
	return Arch{}, fmt.Errorf("this gosplice does not know the instructions of %s", goarch)
}

// whole says that no goroutine may be anywhere in the function, which is not shorter than what is written over
// its entry.
func whole(code []byte, jump int) patch.Busy {
	return patch.Busy{Lo: 0, Hi: uint32(max(len(code), jump))}
}

// inJump says that no goroutine may stand inside of the overwritten bytes.
func inJump(jump int) patch.Busy { return patch.Busy{Lo: 1, Hi: uint32(jump)} }
