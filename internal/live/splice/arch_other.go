//go:build !amd64 && !arm64

package splice

import (
	"iter"
	"runtime"
)

// Arm refuses before any of the following is used.
const archMissing = "writing jumps and finding where a goroutine was interrupted on " + runtime.GOARCH

const (
	jumpReach    = 1
	frameBelow   = 0
	linkRegister = false
)

func JumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) { return word, false }

// FarJumpOver is not used.
func FarJumpOver(word [8]byte, entry, target uint64) (_ [8]byte, ok bool) { return word, false }

func mayCallUnchecked(word [8]byte) bool { return true }

func afterCall(pc uint64, inCode func(uint64) bool) bool { return false }

func interruptedFrame(fp uint64, stack Range) (pc, sp, callerFP uint64, ok bool) {
	return 0, 0, 0, false
}

func syncInstructions(addr, size uint64) {}

func references(code Range, addr uint64) iter.Seq[uint64] { return nil }

func isBreakpoint(code, want []byte) bool { return false }

func isDetached(code, want []byte) bool { return false }

func isJump(code []byte) bool { return false }
