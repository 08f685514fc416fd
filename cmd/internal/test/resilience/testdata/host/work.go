package main

import "fmt"

// tariff is a type that edits use in ways in which the release does not.
type tariff struct{ rate int }

func (t *tariff) price(n int) int { return t.rate * n }

func (t *tariff) String() string { return fmt.Sprint("tariff ", t.rate) }

// Discount is called by edits alone, so that the linker leaves it out of the program.
func (t *tariff) Discount(n int) int { return t.rate*n - n }

var standard = &tariff{3}

// shown has the type converted to an interface.
var shown any = standard

// answer is what the workers ask for: the version that answers, and 3*n + 1000*version.
//
//go:noinline
func answer(n int) (version, value int) { return 0, standard.price(n) }

// seldom is called when a test asks for it.
//
//go:noinline
func seldom(n int) string { return fmt.Sprint("seldom ", n, " ", shown) }
