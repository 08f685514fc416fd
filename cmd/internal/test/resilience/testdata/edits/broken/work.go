package main

import "fmt"

type tariff struct{ rate int }

func (t *tariff) price(n int) int { return t.rate * n }

func (t *tariff) String() string { return fmt.Sprint("tariff ", t.rate) }

func (t *tariff) Discount(n int) int { return t.rate*n - n }

var standard = &tariff{3}

var shown any = standard

// surcharges is made by an initialiser, which does what the mood of the program is.
var surcharges = surchargesOf("initialiser")

func surchargesOf(who string) map[string]int {
	if err := misbehave(who); err != nil {
		panic(err)
	}
	return map[string]int{"standard": 1000}
}

//go:noinline
func answer(n int) (version, value int) { return 1, standard.price(n) + missing }

//go:noinline
func seldom(n int) string { return fmt.Sprint("seldom ", n, " ", shown) }
