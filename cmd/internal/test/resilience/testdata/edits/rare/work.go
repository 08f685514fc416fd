package main

import (
	"fmt"
	"slices"
	"time"
)

type tariff struct{ rate int }

func (t *tariff) price(n int) int { return t.rate * n }

func (t *tariff) String() string { return fmt.Sprint("tariff ", t.rate) }

func (t *tariff) Discount(n int) int { return t.rate*n - n }

var standard = &tariff{3}

var shown any = standard

//go:noinline
func answer(n int) (version, value int) { return 0, standard.price(n) }

// discounter makes a method of the release callable that its linker left out.
type discounter interface{ Discount(n int) int }

// voucher is a type that the release does not have.
type voucher struct{ off int }

func (v *voucher) Discount(n int) int { return n - v.off }

func (v *voucher) String() string { return fmt.Sprint("voucher ", v.off) }

var vouchers = []*voucher{{1}, {2}}

var seen = seenBy("initialiser")

func seenBy(who string) map[string]int {
	if err := misbehave(who); err != nil {
		panic(err)
	}
	return map[string]int{"start": len(vouchers)}
}

//go:noinline
func seldom(n int) string {
	all := []discounter{standard}
	for _, v := range vouchers {
		all = append(all, v)
	}
	if d, ok := shown.(discounter); ok {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b discounter) int { return a.Discount(n) - b.Discount(n) })
	seen[fmt.Sprint(all[0])]++
	if day, err := time.ParseDuration("24h"); err != nil || day != 24*time.Hour {
		return fmt.Sprint("time.ParseDuration: ", day, err)
	}
	return fmt.Sprint("often ", n, " ", all, " ", seen)
}
