package parallel

import (
	"sync/atomic"
	"testing"
)

func TestEachCallsOnceForEachNumber(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		calls := make([]atomic.Int32, n)
		busy := make([]atomic.Int32, Workers(n))
		Each(n, func(worker, i int) {
			if busy[worker].Add(1) != 1 {
				t.Errorf("worker %d does two things at a time", worker)
			}
			calls[i].Add(1)
			busy[worker].Add(-1)
		})
		for i := range calls {
			if c := calls[i].Load(); c != 1 {
				t.Errorf("of %d, number %d was called for %d times", n, i, c)
			}
		}
	}
}

func TestDoCallsAll(t *testing.T) {
	var sum atomic.Int32
	Do(func() { sum.Add(1) }, func() { sum.Add(10) }, func() { sum.Add(100) })
	if sum.Load() != 111 {
		t.Errorf("the functions added up to %d", sum.Load())
	}
}
