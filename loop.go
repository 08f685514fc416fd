package gosplice

import (
	"iter"

	"github.com/gosplice/gosplice/loop"
)

// Loop is an endless loop whose body a patch can exchange while the loop goes on:
//
//	for range gosplice.Loop {
//
// means the same as for {, with break, continue, return, goto, labels and defer. The body is a function that is called at
// each turn, so a patch that changes it takes effect at the next one; in a plain loop it takes effect when the function is
// called again, which for the loop of a server is never. A body that a patch changes has to use the same variables of the
// functions around it, and to leave the loop in the ways that it left it before. A turn costs up to three nanoseconds more, and
// nothing is allocated.
func Loop(yield func() bool) { loop.Loop(yield) }

// While is like [Loop] for a loop with a condition, which is called before each turn and can be exchanged as well:
//
//	for range gosplice.While(func() bool { return scanner.Scan() }) {
//
// means the same as for scanner.Scan() {.
func While(cond func() bool) func(yield func() bool) { return loop.While(cond) }

// Receive is like [Loop] for a loop over a channel:
//
//	for v := range gosplice.Receive(ch) {
//
// means the same as for v := range ch {: it ends when the channel is closed.
func Receive[T any](ch <-chan T) iter.Seq[T] { return loop.Receive(ch) }
