package splice

import (
	"bytes"
	"fmt"
)

// ErrChanged says that code in memory is not what it should be, because something else than gosplice has written
// there. Nothing was changed.
type ErrChanged struct {
	Name       string // of the function, or of what else stands there
	Addr       uint64
	Have, Want [wordSize]byte
	code       []byte // from Addr on, patchedBytes; nil when it was not looked at
}

func (e *ErrChanged) Error() string {
	how := fmt.Sprintf("% x instead of % x, by a monkey-patcher, a uprobe or a debugger", e.Have, e.Want)
	undo := "undo that, then try again"
	switch author := authorOf(e.code, e.Want[:]); {
	case author == byBreakpoint:
		how, undo = "a breakpoint, of a debugger or an eBPF uprobe", "detach that tool, then try again"
	case author == byJump:
		how = "a jump that gosplice did not write, as monkey-patchers (gomonkey, mockey) do"
	case author == byDetached:
		how, undo = "the first instruction of the release in front of the rest of a jump, as the kernel leaves it when a uprobe is detached that was attached after the patch", "its next call goes wrong: restart the program"
	}
	return fmt.Sprintf("%s: another tool has changed its code in memory (%s): %s", e.Name, how, undo)
}

// CheckCode compares the word of code at addr, of the function with this name, with what gosplice knows to be there.
func CheckCode(name string, addr uint64, want [wordSize]byte) error {
	have := [wordSize]byte(bytesAt(addr, wordSize))
	if have == want {
		return nil
	}
	code := make([]byte, patchedBytes)
	for i := range code {
		code[i] = load8(addr + uint64(i))
	}
	return &ErrChanged{Name: name, Addr: addr, Have: have, Want: want, code: code}
}

// CheckCode is the function of that name.
func (e *Engine) CheckCode(name string, addr uint64, want [wordSize]byte) error {
	return CheckCode(name, addr, want)
}

// author is what kind of tool has changed code.
type author uint8

const (
	byOther author = iota
	byBreakpoint
	byJump
	byDetached // a uprobe
)

// patchedBytes is how much of what monkey-patchers write is looked at. Functions are at least that far from the end of
// the program's code.
const patchedBytes = 24

// authorOf tells who wrote code where want was.
func authorOf(code, want []byte) author {
	switch {
	case len(code) < patchedBytes || bytes.HasPrefix(code, want):
		return byOther
	case isBreakpoint(code, want):
		return byBreakpoint
	case isJump(code):
		return byJump
	case isDetached(code, want):
		return byDetached
	}
	return byOther
}
