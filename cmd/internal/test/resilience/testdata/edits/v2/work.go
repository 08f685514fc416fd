package main

import "fmt"

type tariff struct{ rate int }

func (t *tariff) price(n int) int { return t.rate * n }

func (t *tariff) String() string { return fmt.Sprint("tariff ", t.rate) }

func (t *tariff) Discount(n int) int { return t.rate*n - n }

var standard = &tariff{3}

var shown any = standard

//go:noinline
func answer(n int) (version, value int) {
	fee := func(of int) int { return 1000 * of }
	return 2, standard.price(n) + fee(2)
}

//go:noinline
func seldom(n int) string { return fmt.Sprint("seldom ", n, " ", shown) }
