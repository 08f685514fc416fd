package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/gosplice/gosplice/internal/live/splice/testdata/stress/assembly"
)

// sequence is even while the code stands, and odd while it is being switched. Version 1 is in force at
// 0, 4, 8 and so on, version 2 at 2, 6, 10.
var sequence atomic.Int64

func versionAt(sequence int64) int { return 1 + int(sequence/2%2) }

// mixed is the version of a call that ran partly in each.
const mixed = 3

// worker calls every target again and again and checks which version it was.
type worker struct {
	calls, certain, wrong int64
	seen                  map[string]int // versions seen, as bits
}

// check calls f between two calls of the function that tells the epoch. At most one switch can
// have happened in between when sequence moved by at most one; then equal epochs mean that
// there was none, and f must have been of that epoch.
func (w *worker) check(name string, f func() int) {
	before := sequence.Load()
	first := oldEpoch()
	got := f()
	second := oldEpoch()
	after := sequence.Load()
	w.calls++
	switch {
	case got < 1 || got > mixed:
		w.report(name, got, first, second, before, after)
	case before == after && before%2 == 0:
		w.certain++
		if want := versionAt(before); got != want || first != want || second != want {
			w.report(name, got, first, second, before, after)
		}
	case after-before <= 1 && first == second:
		w.certain++
		if got != first {
			w.report(name, got, first, second, before, after)
		}
	}
	w.seen[name] |= got
}

func (w *worker) report(name string, got, first, second int, before, after int64) {
	w.wrong++
	fmt.Fprintf(os.Stderr, "%s: version %d between epochs %d and %d, sequence %d to %d\n", name, got, first, second, before, after)
}

// version reads the version out of a result that should be rest without it.
func version(result, rest int) int {
	switch result - rest {
	case 1 * unit:
		return 1
	case 2 * unit:
		return 2
	}
	return -1
}

func (w *worker) run(stop *atomic.Bool) {
	var byValue adder = value{a: 3}
	var byPointer adder = &pointer{a: 4}
	k := 9
	w.seen = map[string]int{}
	t := &calls{
		byValue: byValue, byPointer: byPointer, valueMethod: byValue.Add, pointerMethod: (&pointer{a: 4}).Add,
		closure: oldMakeClosure(7), growing: oldMakeGrowing(&k), leaf: oldLeaf, deferred: oldDeferred,
		list: &node{next: &node{next: &node{n: 5}}}, numbers: []int{1, 2, 3, 4, 5, 6, 7, 8}, ones: map[string]int{"one": 1}, queue: make(chan int, 1),
	}
	for !stop.Load() {
		for x := range 32 {
			t.x = x
			w.cheap(t)
			if x%8 == 0 {
				w.dear(t)
			}
		}
		runtime.Gosched()
	}
}

// calls are the ways in which targets are reached.
type calls struct {
	x                          int
	byValue, byPointer         adder
	valueMethod, pointerMethod func(int) int
	closure, growing, leaf     func(int) int
	deferred                   func(*int)
	list                       *node
	numbers                    []int
	ones                       map[string]int
	queue                      chan int
}

func (w *worker) cheap(t *calls) {
	x := t.x
	w.check("leaf", func() int { return version(oldLeaf(x), x) })
	w.check("leaf by value", func() int { return version(t.leaf(x), x) })
	w.check("nosplit", func() int { return version(oldNosplit(x)^x, 0) })
	w.check("nosplit with call", func() int { return version(oldNosplitCalls(x), x) })
	w.check("recursive", func() int { return recursive(10) })
	w.check("big frame", func() int { return version(oldBigFrame(x), 3000+x) })
	w.check("leaf with frame", func() int { return version(oldLeafFrame(x), 0) })
	w.check("interface, value", func() int { return version(t.byValue.Add(x), 3+x) })
	w.check("interface, pointer", func() int { return version(t.byPointer.Add(x), 4+x) })
	w.check("method value, value", func() int { return version(t.valueMethod(x), 3+x) })
	w.check("method value, pointer", func() int { return version(t.pointerMethod(x), 4+x) })
	w.check("closure", func() int { return version(t.closure(x), 7+x) })
	w.check("growing closure", func() int { return version(t.growing(x), 4000+9+x) })
	w.check("generic int", func() int { s, v := oldGeneric(x, 1); return version(v+s, x+1) })
	w.check("generic string", func() int { s, v := oldGeneric("a", "bc"); return version(v+len(s), 3) })
	w.check("generic float", func() int { s, v := oldGeneric(1.5, 2.5); return version(v+int(s), 4) })
	w.check("deferred", func() int { return deferred(t.deferred) })
	w.check("deferred directly", deferredDirectly)
	w.check("variadic", func() int { return version(oldVariadic(1, 2, x), 3+x) })
	w.check("float", func() int { return version(int(oldFloat(float64(2*x))), x) })
	w.check("string", func() int { return fromString(oldString("text")) })
	w.check("count down", func() int { return version(oldCountDown(400), 200) })
	w.check("spin", func() int { var n uint64; return int(oldSpin(&n, 300)) })
	w.check("list", func() int { return version(oldList(t.list, x), 5+x) })
	w.check("range", func() int { return version(oldRange(t.numbers), 36) })
	w.check("nested loops", func() int { return version(oldNested(10), 50) })
	w.check("loop with calls", func() int { return version(oldLoopCalls(20), 190) })
	w.check("allocates", func() int { return version(oldAllocates(x)[x], 0) })
	w.check("called from assembly", func() int { return version(assembly.Call(x), x) })
	w.check("assembly", func() int { return version(assembly.Old(x), x) })
	w.check("blocks", func() int { t.queue <- x; return version(oldBlocks(t.queue), x) })
	w.check("many", func() int {
		r, f, s, err := oldMany(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1.5, 2.5, "text", t.numbers, t.ones)
		if f != 4 || s != "text!" || err != nil {
			return -1
		}
		return version(r, 66+8+1)
	})
	w.check("f and g", func() int {
		f, g := oldF(), oldG()
		if f != g {
			return mixed
		}
		return f
	})
}

// dear are calls that start goroutines or panic.
func (w *worker) dear(t *calls) {
	x := t.x
	w.check("panics", func() int { return panics(x) })
	w.check("faults", func() int { return faults(&x) })
	w.check("started", func() int {
		c := make(chan int)
		go oldStarted(c, x)
		return version(<-c, x)
	})
	w.check("huge frame on a fresh stack", func() int {
		c := make(chan int)
		go func() { c <- oldHugeFrame(x) }()
		return version(<-c, 70000+x)
	})
}

func recursive(depth int) int {
	olds, news := oldRecursive(depth)
	switch {
	case olds == depth+1 && news == 0:
		return 1
	case olds == 0 && news == depth+1:
		return 2
	case olds+news == depth+1:
		return mixed
	}
	return -1
}

func deferred(f func(*int)) int {
	n := 5
	func() { defer f(&n) }()
	return version(n, 5)
}

func deferredDirectly() int {
	n := 5
	func() { defer oldDeferred(&n) }()
	return version(n, 5)
}

func fromString(s string) int {
	switch s {
	case "old text":
		return 1
	case "new text":
		return 2
	}
	return -1
}

func panics(x int) (v int) {
	defer func() {
		v = -1
		switch recover() {
		case errPanic[1]:
			v = 1
		case errPanic[2]:
			v = 2
		}
	}()
	return oldPanics(x)
}

// faults calls the target once with a pointer that works, in between two faults in it.
func faults(p *int) int {
	first := faultsOn(nil)
	v := version(oldFaults(p), *p)
	if second := faultsOn(nil); first != 0 || second != 0 {
		return -1
	}
	return v
}

func faultsOn(p *int) (n int) {
	defer func() {
		if recover() == nil {
			n = -1
		}
	}()
	return oldFaults(p)
}
