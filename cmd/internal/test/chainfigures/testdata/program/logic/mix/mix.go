// Package mix is what differs between the versions.
package mix

import "ex.com/figures/api"

const (
	version = "1.0.0"
	factor  = 1
)

func Version() string { return version }

func Mix(n uint64) uint64 { return (n ^ factor) * (2*factor + 1) }

func Deposit(a *api.Account, n uint64) uint64 {
	m := Mix(n)
	a.Deposits++
	a.Sum += m
	return m
}

func Add(a, b int) int { return a + b }
