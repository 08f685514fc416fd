// Package api is what the program and its logic share.
package api

import "github.com/gosplice/gosplice/chain"

// Account is state that outlives the versions. Versions change it in turns.
type Account struct{ Deposits, Sum uint64 }

// Table is one version of the logic.
type Table struct {
	// Version says which one.
	Version func() string
	// Mix is another function of n in each version.
	Mix func(n uint64) uint64
	// Deposit adds Mix(n), and says how much that was.
	Deposit func(a *Account, n uint64) uint64
	// Add is as small as a function can be.
	Add func(a, b int) int
}

// Logic is the chain.
var Logic = chain.New[Table]("figures", chain.WithMaxVersions(1000))

// Expected is what Mix gives in a version whose factor is known.
func Expected(factor, n uint64) uint64 { return (n ^ factor) * (2*factor + 1) }
