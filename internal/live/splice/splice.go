// Package splice is the part that touches the Go runtime of the process it runs in: it maps
// images, registers their module data, makes interface tables, stops the world, checks every
// goroutine and writes jumps over function entries. It knows no files, sockets or patch history.
//
// It supports Go 1.25 to 1.27 on linux/amd64 and linux/arm64. What depends on the operating system is in the
// *_linux.go files, what depends on the processor in the *_amd64.go and *_arm64.go files, and what depends on the
// Go release in layout.go and world.go.
package splice

import (
	"time"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Write is one 8-byte word of code to be replaced, aligned to 8: a function entry, or a word in which an
// instruction is replaced by another one of the same length.
type Write struct {
	Addr     uint64
	Old, New [8]byte
	// Busy is the range of offsets from Addr at which no goroutine may be stopped.
	// The empty range (Lo == Hi) needs no check: nobody stands in the middle of an instruction, such as a jump
	// that gives way to the original bytes, or a call that gets another target.
	Busy patch.Busy
	Name string
}

// Range is a function body: Lo <= pc < Hi.
type Range struct{ Lo, Hi uint64 }

func (r Range) contains(addr uint64) bool { return addr >= r.Lo && addr < r.Hi }

// holds reports whether the n bytes at addr lie in the range.
func (r Range) holds(addr, n uint64) bool { return addr >= r.Lo && addr <= r.Hi && n <= r.Hi-addr }

// Held counts the goroutines that have a frame in one range.
type Held struct {
	Range int // index into the ranges asked for
	Count int
	// IDs are the numbers of the first of them, as in stack traces; that of the calling one is left out.
	IDs []uint64
	// Stack is the stack of one of these goroutines as PCs, innermost first, as runtime.CallersFrames takes it.
	Stack []uintptr
}

// Options bound a switch.
type Options struct {
	// Attempts is how often the world may be stopped. Zero means as often as Timeout allows.
	Attempts int
	// Timeout limits the whole switch. Zero means 2 seconds.
	Timeout time.Duration
	// Quiesce are ranges in which no goroutine may have a frame at the switch.
	Quiesce []Range
	// Exchange are called in order while the world is stopped, after all writes. They must not
	// allocate, block or panic.
	Exchange []func()
	// Whole are ranges, and WholeCode is all code, in the middle of which no goroutine may have been
	// interrupted at the switch: it may have read one half of what Exchange changes. A goroutine that is in a
	// call there is not in the middle: what it reads next it reads anew.
	Whole     []Range
	WholeCode bool
}

// Stats says what a switch cost.
type Stats struct {
	// Pause is how long the world was stopped in the last attempt, from the request to stop until
	// everything runs again.
	Pause time.Duration
	// Scan is the part of Pause that went into checking goroutines.
	Scan time.Duration
	// Goroutines is the number of goroutines looked at in the last attempt, exited ones included
	// as far as the runtime keeps them for reuse.
	Goroutines int
	// Attempts is how often the world was stopped.
	Attempts int
}
