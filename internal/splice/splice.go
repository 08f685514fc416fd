// Package splice is the part that touches the Go runtime of the process it runs in: it maps
// images, registers their module data, makes interface tables, stops the world, checks every
// goroutine and writes jumps over function entries. It knows no files, sockets or patch history.
package splice

import "github.com/gosplice/gosplice/internal/patch"

// Engine is the armed machinery. Its methods are not safe for concurrent use; the agent
// serialises them.
type Engine struct{ _ patch.Runtime }

// Write is one 8-byte word of code to be replaced. Addr is a function entry, aligned to 8.
type Write struct {
	Addr     uint64
	Old, New [8]byte
	// Busy is the range of offsets from Addr at which no goroutine may be stopped.
	// The empty range (Lo == Hi) needs no check: restoring original bytes is always safe.
	Busy patch.Busy
	Name string
}

// Range is a function body: Lo <= pc < Hi.
type Range struct{ Lo, Hi uint64 }

// Held counts the goroutines that have a frame in one range.
type Held struct {
	Range int // index into the ranges asked for
	Count int
	// Stack is the stack of one of these goroutines as PCs, innermost first, as runtime.CallersFrames takes it.
	Stack []uintptr
}
