// Package assembly holds targets that are written in assembly or called from it. Packages that use
// cgo can't hold them.
package assembly

const unit = 1_000_000

// Call calls OldCalled.
func Call(x int) int

func Old(x int) int
func New(x int) int

//go:noinline
func OldCalled(x int) int { return x + 1*unit }

//go:noinline
func NewCalled(x int) int { return x + 2*unit }
