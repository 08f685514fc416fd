package main

// variables are what is printed: the release has none.
//
//go:noinline
func variables() []named { return nil }
