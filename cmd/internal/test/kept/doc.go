// Package kept tests that no memory of a stack reaches code that keeps it.
//
// The compiler puts a value on the stack of the function that makes it unless something keeps it.
// An edit may begin to keep it while functions run on in the bodies that they had before. The tests
// make small packages by chance, a seed each: a value of some kind takes a way of some hops to
// functions that begin or cease to keep it, and goroutines block at hops when versions are
// switched. Nothing that is kept may be damaged then, and no switch may be refused without need,
// which the compiler's own decisions tell.
package kept
