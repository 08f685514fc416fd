package splice

import (
	"cmp"
	"errors"
	"runtime"
	"slices"
	"unsafe"
)

const (
	// stackDepth is how many PCs of an example stack are kept.
	stackDepth = 64
	// maxIDs is how many goroutines are named for one range.
	maxIDs = 16
	// maxFresh is how many ranges one goroutine can be the example of.
	maxFresh = 16
)

// census counts the goroutines that have frames in ranges.
type census struct {
	walker walker
	ranges []indexedRange // ascending, not overlapping
	counts []heldCount    // by index of the range asked for

	// first says that the count may end with the first goroutine in a range.
	first bool
	found bool

	visit      func(g unsafe.Pointer)
	id         uint64 // of the goroutine at hand
	goroutines int
	unknown    int // goroutines that could not be looked at

	stack    [stackDepth]uintptr // of the goroutine at hand
	depth    int
	fresh    [maxFresh]int // ranges that take this stack as their example
	numFresh int
}

type indexedRange struct {
	Range
	index int
}

type heldCount struct {
	count int
	last  int       // ordinal of the goroutine counted last
	stack []uintptr // room for an example, nil when none is wanted
	depth int       // of the example, 0 while there is none
	ids   []uint64  // of the first goroutines
}

// newCensus prepares a count. It allocates everything the count needs in the stopped world.
func (e *Engine) newCensus(ranges []Range, keepStacks bool) (*census, error) {
	c := &census{counts: make([]heldCount, len(ranges))}
	for i, r := range ranges {
		if r.Lo >= r.Hi {
			return nil, errors.New("a range of code is empty or upside down")
		}
		c.ranges = append(c.ranges, indexedRange{r, i})
		if keepStacks {
			c.counts[i].stack = make([]uintptr, stackDepth)
			c.counts[i].ids = make([]uint64, 0, maxIDs)
		}
	}
	slices.SortFunc(c.ranges, func(a, b indexedRange) int { return cmp.Compare(a.Lo, b.Lo) })
	for i := 1; i < len(c.ranges); i++ {
		if c.ranges[i].Lo < c.ranges[i-1].Hi {
			return nil, errors.New("two ranges of code overlap")
		}
	}
	c.walker = walker{at: &e.at, preempt: e.preempt, goexit: e.goexit, code: e.code(), see: c.see}
	c.visit = c.goroutine
	return c, nil
}

// reset forgets the last count.
func (c *census) reset() {
	c.goroutines, c.unknown, c.found = 0, 0, false
	for i := range c.counts {
		k := &c.counts[i]
		k.count, k.last, k.depth, k.ids = 0, 0, 0, k.ids[:0]
	}
}

// goroutine counts one goroutine of a stopped world.
func (c *census) goroutine(p unsafe.Pointer) {
	c.goroutines++
	g := uint64(uintptr(p))
	if c.first && c.found || !c.walker.live(g) {
		return
	}
	c.id = c.walker.at.idOf(g)
	c.depth, c.numFresh = 0, 0
	if !c.walker.walk(g) {
		c.unknown++
	}
	c.takeStack()
}

// see is called for each PC of the goroutine at hand.
func (c *census) see(pc uint64, exact bool) {
	if c.depth < stackDepth {
		c.stack[c.depth] = uintptr(pc)
		c.depth++
	}
	if !exact {
		pc-- // into the call
	}
	i := c.find(pc)
	if i < 0 {
		return
	}
	k := &c.counts[i]
	if k.last == c.goroutines {
		return
	}
	k.last = c.goroutines
	k.count++
	c.found = true
	if c.id != 0 && len(k.ids) < cap(k.ids) {
		k.ids = append(k.ids, c.id)
	}
	if k.stack != nil && k.depth == 0 && c.numFresh < maxFresh {
		c.fresh[c.numFresh] = i
		c.numFresh++
	}
}

// find returns the index of the range that contains pc, or -1.
func (c *census) find(pc uint64) int {
	lo, hi := 0, len(c.ranges)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if c.ranges[mid].Hi <= pc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(c.ranges) && c.ranges[lo].Lo <= pc {
		return c.ranges[lo].index
	}
	return -1
}

// takeStack keeps the stack at hand for the ranges that were met first in it.
func (c *census) takeStack() {
	for _, i := range c.fresh[:c.numFresh] {
		k := &c.counts[i]
		k.depth = copy(k.stack, c.stack[:c.depth])
	}
}

// countSelf adds the calling goroutine, whose frames only the runtime knows while it runs.
func (c *census) countSelf() {
	c.goroutines++
	c.depth, c.numFresh, c.id = 0, 0, 0
	for _, pc := range callers() {
		c.see(uint64(pc), false)
	}
	c.takeStack()
}

// callers is the stack of the calling goroutine.
func callers() []uintptr {
	pcs := make([]uintptr, 256)
	for {
		n := runtime.Callers(2, pcs)
		if n < len(pcs) {
			return pcs[:n]
		}
		pcs = make([]uintptr, 2*len(pcs))
	}
}

// Scan stops the world for a moment and counts the goroutines that have a frame in each of the
// ranges, which must not overlap. Ranges without any are left out. Goroutines in system calls,
// parked, runnable and interrupted ones count alike, and so does the calling one. Where a
// stack can't be followed, in callbacks from C, words that look like code addresses count as frames.
func (e *Engine) Scan(ranges []Range) ([]Held, error) {
	c, err := e.newCensus(ranges, true)
	if err != nil {
		return nil, err
	}
	p := e.world.pause()
	e.world.forEachG(c.visit)
	e.world.resume(p)
	c.countSelf()

	var held []Held
	for i, k := range c.counts {
		if k.count > 0 {
			held = append(held, Held{Range: i, Count: k.count, IDs: slices.Clone(k.ids), Stack: callerPCs(k.stack[:k.depth])})
		}
	}
	return held, nil
}

// callerPCs turns PCs into what runtime.CallersFrames takes, which looks at the instruction before
// each: only a goroutine that has not run its function yet stands exactly at an entry.
func callerPCs(pcs []uintptr) []uintptr {
	for i, pc := range pcs {
		if f := runtime.FuncForPC(pc); f != nil && f.Entry() == pc {
			pcs[i]++
		}
	}
	return slices.Clip(pcs)
}
