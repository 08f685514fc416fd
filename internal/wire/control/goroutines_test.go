package control

import "testing"

// TestGoroutines counts a goroutine once that is in two old functions, and those beyond the numbers that are kept.
func TestGoroutines(t *testing.T) {
	list := []OldCode{
		{Function: "main.worker", Goroutines: 2, IDs: []uint64{18, 19}},
		{Function: "main.step", Goroutines: 1, IDs: []uint64{18}},
		{Function: "main.serve", Goroutines: 40, IDs: []uint64{20, 21}},
	}
	if n := Goroutines(list); n != 42 {
		t.Errorf("%d goroutines, not 42", n)
	}
}
