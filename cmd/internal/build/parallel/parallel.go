// Package parallel works on the parts of a job on all cores.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work once for each number below n and returns when all calls have. Calls run concurrently, as many
// at a time as there are cores; worker numbers those that do from 0, and no two calls of one worker overlap.
func Each(n int, work func(worker, i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for worker := range Workers(n) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(worker, i)
			}
		})
	}
	running.Wait()
}

// Workers is the number of workers that Each has for n calls.
func Workers(n int) int { return min(n, runtime.GOMAXPROCS(0)) }

// Do calls all the functions concurrently and returns when they have returned.
func Do(functions ...func()) {
	Each(len(functions), func(_, i int) { functions[i]() })
}
