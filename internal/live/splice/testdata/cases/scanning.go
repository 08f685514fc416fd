package main

import (
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

var (
	never    = make(chan bool)
	stopSpin uint32
)

// Each of the following has a frame while something else happens under it.

//go:noinline
func holdsParked(ready chan<- bool) { ready <- true; <-never }

//go:noinline
func holdsDeep(ready chan<- bool) { deep(200, ready) }

//go:noinline
func deep(n int, ready chan<- bool) {
	if n == 0 {
		holdsParked(ready)
	} else {
		deep(n-1, ready)
	}
}

//go:noinline
func holdsRecursively(n int, ready chan<- bool) {
	if n == 0 {
		ready <- true
		<-never
	}
	holdsRecursively(n-1, ready)
	runtime.KeepAlive(&n)
}

// holdsSpinning calls a leaf that has no frame of its own, and is stopped in there.
//
//go:noinline
func holdsSpinning(ready chan<- bool) int { ready <- true; return oldLoop(&stopSpin) }

// holdsSyscall is in the kernel.
//
//go:noinline
func holdsSyscall(ready chan<- bool) {
	var fds [2]int
	noError(syscall.Pipe(fds[:]))
	ready <- true
	var b [1]byte
	syscall.Read(fds[0], b[:])
}

// holdsFault calls a leaf that faults. Its deferred call runs while the leaf's frame is still there.
//
//go:noinline
func holdsFault(ready chan<- bool) int {
	defer func() {
		ready <- true
		<-never
	}()
	return leaf(nil)
}

//go:noinline
func leaf(p *int) int { return *p }

// holdsIterator is suspended as a coroutine.
//
//go:noinline
func holdsIterator(ready chan<- bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		for yieldFrom(yield) {
		}
	}
}

//go:noinline
func yieldFrom(yield func(int) bool) bool { return yield(1) }

// holdsStack has a frame that needs more stack than a new goroutine has.
//
//go:noinline
func holdsStack(ready chan<- bool) byte {
	var room [60000]byte
	ready <- true
	<-never
	return room[len(never)]
}

//go:noinline
func holdsNobody(ready chan<- bool) { ready <- true }

//go:noinline
func holdsSelf(e *splice.Engine, all []splice.Range) []splice.Held {
	held, err := e.Scan(all)
	noError(err)
	return held
}

func scan(p *locate.Program) {
	e := armed(p)
	ready := make(chan bool)
	start := func(n int, f func()) {
		for range n {
			go f()
			<-ready
		}
	}
	start(5, func() { holdsParked(ready) })
	start(3, func() { holdsDeep(ready) })
	start(2, func() { holdsRecursively(10, ready) })
	start(2, func() { holdsSpinning(ready) })
	start(4, func() { holdsSyscall(ready) })
	start(3, func() { holdsFault(ready) })
	start(2, func() { holdsStack(ready) })
	start(1, func() { holdsNobody(ready) })
	next, _ := iter.Pull(holdsIterator(ready))
	next()
	time.Sleep(20 * time.Millisecond)

	want := map[string]int{
		"main.holdsParked": 8, "main.holdsDeep": 3, "main.holdsRecursively": 2, "main.holdsSpinning": 2, "main.oldLoop": 2, "main.holdsSyscall": 4,
		"main.holdsFault": 3, "main.leaf": 3, "main.holdsStack": 2, "main.yieldFrom": 1, "main.holdsNobody": 0, "main.holdsSelf": 1, "main.main": 1,
	}
	var names []string
	var ranges []splice.Range
	for name := range want {
		names = append(names, name)
		ranges = append(ranges, p.Body(name))
	}
	for range 50 {
		var seen []string
		for _, h := range holdsSelf(e, ranges) {
			name := names[h.Range]
			seen = append(seen, name)
			expect(h.Count == want[name], "%s: %d instead of %d", name, h.Count, want[name])
			expect(slices.Contains(namesOf(h.Stack), name) || name == "main.holdsDeep", "%s is not in its example: %v", name, namesOf(h.Stack))
		}
		for name, n := range want {
			expect(n == 0 || slices.Contains(seen, name), "%s was not seen", name)
		}
		runtime.GC() // moves stacks
	}
	atomic.StoreUint32(&stopSpin, 1)
	scanBusy(p, e)
}

// holdsGrowing is stopped most often in the stack check of what it calls.
//
//go:noinline
func holdsGrowing(stop *atomic.Bool, ready chan<- bool) {
	ready <- true
	for !stop.Load() {
		grow(20)
	}
}

//go:noinline
func grow(n int) int {
	var room [200]byte
	if n == 0 {
		return int(room[n])
	}
	return grow(n-1) + int(room[n])
}

// scanBusy scans goroutines that run: wherever they are stopped, their outer frames must be found.
func scanBusy(p *locate.Program, e *splice.Engine) {
	var stop atomic.Bool
	defer stop.Store(true)
	ready := make(chan bool)
	for range 6 {
		go holdsGrowing(&stop, ready)
		<-ready
	}
	for i := range 3000 {
		held, err := e.Scan([]splice.Range{p.Body("main.holdsGrowing")})
		noError(err)
		expect(len(held) == 1 && held[0].Count == 6, "scan %d: %+v", i, held)
	}
}

func namesOf(stack []uintptr) (names []string) {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		names = append(names, f.Function)
		if !more {
			return names
		}
	}
}
