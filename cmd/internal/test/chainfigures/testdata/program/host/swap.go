package main

import (
	"log"
	"runtime"
	"sync"
	"sync/atomic"

	"ex.com/figures/api"
)

// factors are those of the versions that are swapped.
var factors = map[string]uint64{"1.0.0": 1, "1.0.1": 2}

// swapUnderLoad swaps two versions while four goroutines call through the table. Each call has to give
// what its version gives, the functions of one table have to belong together, and the state that they
// change has to hold all that was done to it.
func swapUnderLoad(swaps int) {
	var stop atomic.Bool
	var began, done sync.WaitGroup
	var calls, seen [4]uint64
	for i := range calls {
		began.Add(1)
		done.Go(func() { calls[i], seen[i] = work(&stop, began.Done) })
	}
	began.Wait()
	for i := range swaps {
		to := []string{"1.0.0", "1.0.1"}[i%2]
		rollback(to)
		if now := api.Logic.Current().Version(); now != to {
			log.Fatalf("after the switch to %s the table is that of %s", to, now)
		}
		runtime.Gosched() // on a busy machine nobody would call between many swaps
	}
	stop.Store(true)
	done.Wait()
	figure("swaps", float64(swaps))
	figure("calls", float64(calls[0]+calls[1]+calls[2]+calls[3]))
	figure("switches-seen", float64(seen[0]+seen[1]+seen[2]+seen[3]))
}

// work calls until it is told to stop, and says how often, and how often the version was another one than before.
func work(stop *atomic.Bool, began func()) (calls, switches uint64) {
	a, sum, last := new(api.Account), uint64(0), ""
	for !stop.Load() {
		t := api.Logic.Current()
		version := t.Version()
		want := api.Expected(factors[version], calls)
		if got := t.Mix(calls); got != want {
			log.Fatalf("Mix(%d) of %s gave %d instead of %d", calls, version, got, want)
		}
		if got := t.Deposit(a, calls); got != want {
			log.Fatalf("Deposit(%d) of %s gave %d instead of %d", calls, version, got, want)
		}
		if version != last && last != "" {
			switches++
		}
		last = version
		sum += want
		if calls++; a.Deposits != calls || a.Sum != sum {
			log.Fatalf("the account holds %d in %d deposits instead of %d in %d", a.Sum, a.Deposits, sum, calls)
		}
		if calls == 1 {
			began()
		}
		if calls%1000 == 0 {
			a = &api.Account{Deposits: a.Deposits, Sum: a.Sum} // something for the garbage collector
		}
		if calls%250 == 0 {
			runtime.Gosched()
		}
	}
	return calls, switches
}
