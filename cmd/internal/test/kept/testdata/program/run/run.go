// Package run is what the ways of the program have in common: where they block, what they count,
// and functions of another package that call theirs.
package run

import "iter"

// Gate is where one goroutine blocks.
type Gate chan int

var (
	stop   = -1
	Parked = make(chan Gate)
	noted  []int
	kept   []any
	fresh  int
	total  int
)

// Stop makes the next goroutine that comes to a hop block there. -1 is none.
func Stop(hop int) { stop = hop }

// At is where a goroutine blocks.
//
//go:noinline
func At(hop int) {
	if stop != hop {
		return
	}
	stop = -1
	gate := make(Gate)
	Parked <- gate
	<-gate
}

// From sets the number that the next value has, and forgets what was added.
func From(n int) { fresh, total = n, 0 }

// Fresh is the number of a new value.
//
//go:noinline
func Fresh() int {
	fresh++
	return fresh
}

// Note tells the number of a value that is kept.
//
//go:noinline
func Note(n int) { noted = append(noted, n) }

// Noted are the numbers of all that are kept.
func Noted() []int { return noted }

// Keep keeps a value.
//
//go:noinline
func Keep(v any) { kept = append(kept, v) }

// Kept are the values that Keep has.
func Kept() []any { return kept }

// Add adds to the answer of a call.
//
//go:noinline
func Add(n int) { total = total*31 + n }

// Total is the answer of a call.
func Total() int { return total }

//go:noinline
func Call(f func()) { f() }

// Inlined is compiled into its callers.
func Inlined(f func()) { f() }

//go:noinline
func Once(yield func() bool) { yield() }

// Last calls f when everything else is done.
//
//go:noinline
func Last(f func()) {
	defer f()
	At(-2)
}

// Wrapped is compiled into its callers, with a literal of its own.
func Wrapped(f func()) {
	g := func() { f() }
	Call(g)
}

// Each calls f with each value of a list.
//
//go:noinline
func Each[V any](list []V, f func(V)) {
	for _, v := range list {
		f(v)
	}
}

// Pulled calls f in a coroutine.
//
//go:noinline
func Pulled(f func()) {
	next, stop := iter.Pull(func(yield func(bool) bool) {
		f()
		yield(true)
	})
	defer stop()
	next()
}
