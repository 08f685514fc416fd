package main

import (
	"errors"

	"github.com/gosplice/gosplice/internal/live/splice/testdata/stress/assembly"
)

// Every target comes in two versions of the same behaviour. The results tell which one ran: they
// contain the version times unit.
const unit = 1_000_000

//go:noinline
func oldEpoch() int { return 1 }

//go:noinline
func newEpoch() int { return 2 }

//go:noinline
func oldLeaf(x int) int { return x + 1*unit }

//go:noinline
func newLeaf(x int) int { return x + 2*unit }

//go:nosplit
//go:noinline
func oldNosplit(x int) int { return x ^ 1*unit }

//go:nosplit
//go:noinline
func newNosplit(x int) int { return x ^ 2*unit }

// nosplit with a call: it has a frame but no stack check.
//
//go:nosplit
//go:noinline
func oldNosplitCalls(x int) int { return plain(x) + 1*unit }

//go:nosplit
//go:noinline
func newNosplitCalls(x int) int { return plain(x) + 2*unit }

//go:nosplit
//go:noinline
func plain(x int) int { return x }

//go:noinline
func oldRecursive(depth int) (olds, news int) {
	if depth == 0 {
		return 1, 0
	}
	olds, news = oldRecursive(depth - 1)
	return olds + 1, news
}

//go:noinline
func newRecursive(depth int) (olds, news int) {
	if depth == 0 {
		return 0, 1
	}
	olds, news = oldRecursive(depth - 1)
	return olds, news + 1
}

//go:noinline
func touch(b []byte) int { return int(b[0]) + len(b) }

//go:noinline
func oldBigFrame(x int) int {
	var b [3000]byte
	b[0] = byte(x)
	return touch(b[:]) + 1*unit
}

//go:noinline
func newBigFrame(x int) int {
	var b [9000]byte
	b[0] = byte(x)
	return touch(b[:3000]) + 2*unit
}

//go:noinline
func oldHugeFrame(x int) int {
	var b [70000]byte
	b[0] = byte(x)
	return touch(b[:]) + 1*unit
}

//go:noinline
func newHugeFrame(x int) int {
	var b [140000]byte
	b[0] = byte(x)
	return touch(b[:70000]) + 2*unit
}

// A leaf with a frame of its own.
//
//go:noinline
func oldLeafFrame(x int) int {
	var a [8]int
	for i := range a {
		a[(i+x)&7] = i
	}
	return a[x&7] + 1*unit
}

//go:noinline
func newLeafFrame(x int) int {
	var a [8]int
	for i := range a {
		a[(i+x)&7] = i
	}
	return a[x&7] + 2*unit
}

type adder interface{ Add(int) int }

type value struct{ a, b int }

//go:noinline
func (v value) Add(x int) int { return v.a + x + 1*unit }

//go:noinline
func (v value) NewAdd(x int) int { return v.a + x + 2*unit }

type pointer struct{ a int }

//go:noinline
func (p *pointer) Add(x int) int { return p.a + x + 1*unit }

//go:noinline
func (p *pointer) NewAdd(x int) int { return p.a + x + 2*unit }

//go:noinline
func oldMakeClosure(k int) func(int) int {
	return func(x int) int { return plain(x) + k + 1*unit }
}

//go:noinline
func newMakeClosure(k int) func(int) int {
	return func(x int) int { return plain(x) + k + 2*unit }
}

//go:noinline
func oldMakeGrowing(k *int) func(int) int {
	return func(x int) int {
		var b [4000]byte
		b[0] = byte(x)
		return touch(b[:]) + *k + 1*unit
	}
}

//go:noinline
func newMakeGrowing(k *int) func(int) int {
	return func(x int) int {
		var b [12000]byte
		b[0] = byte(x)
		return touch(b[:4000]) + *k + 2*unit
	}
}

//go:noinline
func oldGeneric[T int | string | float64](a, b T) (T, int) { return a + b, 1 * unit }

//go:noinline
func newGeneric[T int | string | float64](a, b T) (T, int) { return a + b, 2 * unit }

//go:noinline
func oldDeferred(to *int) { *to += 1 * unit }

//go:noinline
func newDeferred(to *int) { *to += 2 * unit }

//go:noinline
func oldStarted(c chan<- int, x int) { c <- x + 1*unit }

//go:noinline
func newStarted(c chan<- int, x int) { c <- x + 2*unit }

var errPanic = [3]error{1: errors.New("old"), 2: errors.New("new")}

//go:noinline
func oldPanics(x int) int {
	if x >= 0 {
		panic(errPanic[1])
	}
	return x
}

//go:noinline
func newPanics(x int) int {
	if x >= 0 {
		panic(errPanic[2])
	}
	return x
}

// A leaf that faults.
//
//go:noinline
func oldFaults(p *int) int { return *p + 1*unit }

//go:noinline
func newFaults(p *int) int { return *p + 2*unit }

//go:noinline
func oldVariadic(x int, more ...int) int {
	for _, m := range more {
		x += m
	}
	return x + 1*unit
}

//go:noinline
func newVariadic(x int, more ...int) int {
	for i := len(more) - 1; i >= 0; i-- {
		x += more[i]
	}
	return x + 2*unit
}

//go:noinline
func oldMany(a, b, c, d, e, f, g, h, i, j, k int, x, y float64, s string, t []int, m map[string]int) (int, float64, string, error) {
	return a + b + c + d + e + f + g + h + i + j + k + len(t) + m["one"] + 1*unit, x + y, s + "!", nil
}

//go:noinline
func newMany(a, b, c, d, e, f, g, h, i, j, k int, x, y float64, s string, t []int, m map[string]int) (int, float64, string, error) {
	return k + j + i + h + g + f + e + d + c + b + a + len(t) + m["one"] + 2*unit, y + x, s + "!", nil
}

//go:noinline
func oldFloat(x float64) float64 { return x*0.5 + 1*unit }

//go:noinline
func newFloat(x float64) float64 { return x*0.5 + 2*unit }

//go:noinline
func oldString(s string) string { return "old " + s }

//go:noinline
func newString(s string) string { return "new " + s }

//go:noinline
func oldCountDown(n int) (s int) {
	for n > 0 {
		n--
		s += n & 1
	}
	return s + 1*unit
}

//go:noinline
func newCountDown(n int) (s int) {
	for n > 0 {
		n--
		s += n & 1
	}
	return s + 2*unit
}

// The back edge leads to the entry, or to the first bytes after it.
//
//go:noinline
func oldSpin(p *uint64, n uint64) uint64 {
	for *p < n {
		*p++
	}
	return 1
}

//go:noinline
func newSpin(p *uint64, n uint64) uint64 {
	for *p < n {
		*p++
	}
	return 2
}

type node struct {
	next *node
	n    int
}

//go:noinline
func oldList(l *node, n int) int {
	for l.next != nil {
		l = l.next
	}
	return l.n + n + 1*unit
}

//go:noinline
func newList(l *node, n int) int {
	for l.next != nil {
		l = l.next
	}
	return l.n + n + 2*unit
}

//go:noinline
func oldRange(all []int) (s int) {
	for _, v := range all {
		s += v
	}
	return s + 1*unit
}

//go:noinline
func newRange(all []int) (s int) {
	for i := len(all) - 1; i >= 0; i-- {
		s += all[i]
	}
	return s + 2*unit
}

//go:noinline
func oldNested(n int) (s int) {
	for i := range n {
		for j := range n {
			if (i+j)&1 == 0 {
				s++
			}
		}
	}
	return s + 1*unit
}

//go:noinline
func newNested(n int) (s int) {
	for i := range n {
		for j := range n {
			if (i+j)&1 == 0 {
				s++
			}
		}
	}
	return s + 2*unit
}

//go:noinline
func oldLoopCalls(n int) (s int) {
	for i := range n {
		s += plain(i)
	}
	return s + 1*unit
}

//go:noinline
func newLoopCalls(n int) (s int) {
	for i := range n {
		s += plain(i)
	}
	return s + 2*unit
}

//go:noinline
func oldBlocks(in <-chan int) int { return <-in + 1*unit }

//go:noinline
func newBlocks(in <-chan int) int { return <-in + 2*unit }

//go:noinline
func oldAllocates(n int) []int { return append(make([]int, n, n+1), 1*unit) }

//go:noinline
func newAllocates(n int) []int { return append(make([]int, n, n+1), 2*unit) }

//go:noinline
func oldF() int { return 1 }

//go:noinline
func newF() int { return 2 }

//go:noinline
func oldG() int { return 1 }

//go:noinline
func newG() int { return 2 }

// keep makes the linker keep what is only entered by jumps.
var keep = []any{
	newEpoch, newLeaf, newNosplit, newNosplitCalls, newRecursive, newBigFrame, newHugeFrame, newLeafFrame, value.NewAdd, (*pointer).NewAdd, newMakeClosure,
	newMakeGrowing, newGeneric[int], newGeneric[string], newGeneric[float64], newDeferred, newStarted, newPanics, newFaults, newVariadic, newMany,
	newFloat, newString, newCountDown, newSpin, newList, newRange, newNested, newLoopCalls, newBlocks, newAllocates, newF, newG, assembly.NewCalled, assembly.New,
}

const assemblyPath = "github.com/gosplice/gosplice/internal/live/splice/testdata/stress/assembly."

// pairs are the functions to be redirected and where to.
var pairs = [][2]string{
	{"oldEpoch", "newEpoch"}, {"oldLeaf", "newLeaf"}, {"oldNosplit", "newNosplit"}, {"oldNosplitCalls", "newNosplitCalls"}, {"oldRecursive", "newRecursive"},
	{"oldBigFrame", "newBigFrame"}, {"oldHugeFrame", "newHugeFrame"}, {"oldLeafFrame", "newLeafFrame"},
	{"value.Add", "value.NewAdd"}, {"(*pointer).Add", "(*pointer).NewAdd"},
	{"oldMakeClosure.func1", "newMakeClosure.func1"}, {"oldMakeGrowing.func1", "newMakeGrowing.func1"},
	{"oldGeneric[go.shape.int]", "newGeneric[go.shape.int]"}, {"oldGeneric[go.shape.string]", "newGeneric[go.shape.string]"},
	{"oldGeneric[go.shape.float64]", "newGeneric[go.shape.float64]"},
	{"oldDeferred", "newDeferred"}, {"oldStarted", "newStarted"}, {"oldPanics", "newPanics"}, {"oldFaults", "newFaults"},
	{"oldVariadic", "newVariadic"}, {"oldMany", "newMany"}, {"oldFloat", "newFloat"}, {"oldString", "newString"},
	{"oldCountDown", "newCountDown"}, {"oldSpin", "newSpin"}, {"oldList", "newList"}, {"oldRange", "newRange"}, {"oldNested", "newNested"},
	{"oldLoopCalls", "newLoopCalls"}, {"oldBlocks", "newBlocks"}, {"oldAllocates", "newAllocates"},
	{assemblyPath + "OldCalled", assemblyPath + "NewCalled"}, {assemblyPath + "Old.abi0", assemblyPath + "New.abi0"}, {"oldF", "newF"}, {"oldG", "newG"},
}
