package splice

import (
	"cmp"
	"slices"
	"unsafe"
)

// entryCheck is the exact check that no goroutine is stopped where a jump is about to be written.
// Only goroutines that a signal stopped can be: all others are in the runtime, and enter
// functions anew. The exception are threads in system calls, which run on during the stop in the
// functions around the call; those have a frame but no stack check.
type entryCheck struct {
	walker walker
	busy   []indexedRange // ascending, by index of the write
	hull   Range          // around busy
	// calling says that one of the functions may be one around a system call.
	calling bool
	counts  []int // goroutines in the way, by write

	// whole are ranges in the middle of which no goroutine may be interrupted, ascending and apart;
	// wholeCode says that none may be anywhere.
	whole         []Range
	wholeCode     bool
	interrupted   int
	interruptedAt uint64 // of one of them

	goroutines int
	conflicts  int
	unknown    int // goroutines that could not be followed

	// Nearly all the time goes into waiting for memory, so goroutines are looked at in batches: a loop
	// of loads that do not depend on each other waits for many at once.
	batch   [128]uint64
	batched int
	collect func(g unsafe.Pointer)
	touch   func(g unsafe.Pointer)
	touched uint64 // keeps the loads of touch
}

func (e *Engine) newEntryCheck(writes []Write, o Options, code codeMap) *entryCheck {
	c := &entryCheck{counts: make([]int, len(writes)), whole: joined(o.Whole), wholeCode: o.WholeCode}
	for i, w := range writes {
		if w.Busy.Lo < w.Busy.Hi {
			c.busy = append(c.busy, indexedRange{Range{w.Addr + uint64(w.Busy.Lo), w.Addr + uint64(w.Busy.Hi)}, i})
			c.calling = c.calling || w.Busy.Lo == 0 && mayCallUnchecked(w.Old)
		}
	}
	slices.SortFunc(c.busy, func(a, b indexedRange) int { return cmp.Compare(a.Lo, b.Lo) })
	for i, b := range c.busy {
		if i == 0 {
			c.hull = b.Range
		}
		c.hull.Hi = max(c.hull.Hi, b.Hi)
	}
	c.walker = walker{at: &e.at, preempt: e.preempt, goexit: e.goexit, code: code}
	c.collect = func(g unsafe.Pointer) {
		c.batch[c.batched] = uint64(uintptr(g))
		if c.batched++; c.batched == len(c.batch) {
			c.checkBatch()
		}
	}
	c.touch = func(g unsafe.Pointer) {
		c.touched += uint64(c.walker.at.asyncOf(uint64(uintptr(g))))
	}
	return c
}

// joined sorts ranges, and makes one of those that overlap.
func joined(ranges []Range) []Range {
	var out []Range
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b Range) int { return cmp.Compare(a.Lo, b.Lo) }) {
		if n := len(out); n > 0 && r.Lo <= out[n-1].Hi {
			out[n-1].Hi = max(out[n-1].Hi, r.Hi)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// needed reports whether there is anything that goroutines could be in the way of.
func (c *entryCheck) needed() bool { return len(c.busy) > 0 || len(c.whole) > 0 || c.wholeCode }

func (c *entryCheck) reset() {
	clear(c.counts)
	c.interrupted, c.interruptedAt = 0, 0
	c.goroutines, c.conflicts, c.unknown, c.batched = 0, 0, 0, 0
}

// warm brings into the caches what run looks at, while the world still runs. What it reads is stale at once
// and not used.
func (c *entryCheck) warm(w *world) {
	if c.needed() {
		w.forEachG(c.touch)
	}
}

// run checks all goroutines of a stopped world.
func (c *entryCheck) run(w *world) {
	w.forEachG(c.collect)
	c.checkBatch()
}

func (c *entryCheck) checkBatch() {
	at := c.walker.at
	for _, g := range c.batch[:c.batched] {
		if at.asyncOf(g) != 0 || c.calling && at.calling(g) {
			c.goroutine(g)
		}
	}
	c.goroutines += c.batched
	c.batched = 0
}

// goroutine checks one goroutine of a stopped world that may be inside a function's code.
func (c *entryCheck) goroutine(g uint64) {
	if !c.walker.live(g) {
		return
	}
	if c.walker.at.asyncOf(g) == 0 {
		c.position(c.walker.at.pcOf(g))
		return
	}
	pc, ok := c.walker.resumePC(g)
	if !ok {
		c.conflicts++
		c.unknown++
		return
	}
	c.position(pc)
	if c.wholeCode || inRanges(c.whole, pc) {
		c.conflicts++
		c.interrupted++
		c.interruptedAt = pc
	}
}

// inRanges reports whether one of the ranges, which are ascending and apart, contains pc.
func inRanges(ranges []Range, pc uint64) bool {
	lo, hi := 0, len(ranges)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if ranges[mid].Hi <= pc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(ranges) && ranges[lo].contains(pc)
}

// position notes that a goroutine goes on at pc.
func (c *entryCheck) position(pc uint64) {
	if !c.hull.contains(pc) {
		return
	}
	lo, hi := 0, len(c.busy)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if c.busy[mid].Hi <= pc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(c.busy) && c.busy[lo].Lo <= pc {
		c.counts[c.busy[lo].index]++
		c.conflicts++
	}
}
