// Package loop has the loops whose bodies a patch can exchange while they go on, for programs that write their loops with gosplice
// build --loops: it imports nothing and initialises nothing, so that no package is initialised earlier or later for its sake. To be
// written by hand there are the same functions in package gosplice.
package loop

// Loop is gosplice.Loop.
//
//go:noinline
func Loop(yield func() bool) {
	for yield() {
	}
}

// While is gosplice.While.
func While(cond func() bool) func(yield func() bool) {
	return func(yield func() bool) { while(cond, yield) }
}

// while is called and not inlined, so that what it is given stays a function.
//
//go:noinline
func while(cond, yield func() bool) {
	for cond() && yield() {
	}
}

// Receive is gosplice.Receive.
func Receive[T any](ch <-chan T) func(yield func(T) bool) {
	return func(yield func(T) bool) { receive(ch, yield) }
}

//go:noinline
func receive[T any](ch <-chan T, yield func(T) bool) {
	for v := range ch {
		if !yield(v) {
			return
		}
	}
}
