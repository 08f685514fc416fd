package main

import (
	"sync"
	"testing"

	"ex.com/figures/api"
)

//go:noinline
func add(a, b int) int { return a + b }

type adder interface{ Add(a, b int) int }

type plain struct{ n int }

//go:noinline
func (p *plain) Add(a, b int) int { return a + b }

// What the compiler can't see through.
var (
	variable       = add
	boxed    adder = new(plain)
	locked         = struct {
		sync.RWMutex
		add func(a, b int) int
	}{add: add}
)

var sink int

// timeCalls times a call of a function that adds two numbers, in each way, five times in turns, and prints the best.
func timeCalls() {
	ways := []struct {
		name string
		call func(n int)
	}{
		{"direct", func(n int) {
			for i := range n {
				sink = add(sink, i)
			}
		}},
		{"variable", func(n int) {
			for i := range n {
				sink = variable(sink, i)
			}
		}},
		{"interface", func(n int) {
			for i := range n {
				sink = boxed.Add(sink, i)
			}
		}},
		{"table", func(n int) {
			for i := range n {
				sink = api.Logic.Current().Add(sink, i)
			}
		}},
		{"rwmutex", func(n int) {
			for i := range n {
				locked.RLock()
				f := locked.add
				locked.RUnlock()
				sink = f(sink, i)
			}
		}},
	}
	best := make([]float64, len(ways))
	for round := range 5 {
		for i, way := range ways {
			r := testing.Benchmark(func(b *testing.B) { way.call(b.N) })
			if ns := float64(r.T) / float64(r.N); round == 0 || ns < best[i] {
				best[i] = ns
			}
		}
	}
	for i, way := range ways {
		figure(way.name+"-ns", best[i])
	}
}
