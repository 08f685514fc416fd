// Package machine holds what depends on the instruction set: which program counters conflict
// with writing a jump, and how code refers to a table. One file for each architecture.
package machine

import "github.com/gosplice/gosplice/internal/patch"

// JumpSize is the length in bytes of the jump that is written over an entry.
const JumpSize = 5

// whole says that no goroutine may be anywhere in the function.
func whole(code []byte) patch.Busy { return patch.Busy{Lo: 0, Hi: uint32(max(len(code), JumpSize))} }

// inJump says that no goroutine may stand inside of the overwritten bytes.
func inJump() patch.Busy { return patch.Busy{Lo: 1, Hi: JumpSize} }
