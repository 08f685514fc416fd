package splice

import (
	"cmp"
	"slices"
	"unsafe"
)

// entryCheck is the exact check that no goroutine is stopped where a jump is about to be written.
// Only goroutines that a signal stopped can be: all others are in the runtime, and enter
// functions anew.
type entryCheck struct {
	walker walker
	busy   []indexedRange // ascending, by index of the write
	hull   Range          // around busy
	counts []int          // goroutines in the way, by write

	visit      func(g unsafe.Pointer)
	goroutines int
	conflicts  int
	unknown    int // goroutines that could not be followed
}

func (e *Engine) newEntryCheck(writes []Write, code codeMap) *entryCheck {
	c := &entryCheck{counts: make([]int, len(writes))}
	for i, w := range writes {
		if w.Busy.Lo < w.Busy.Hi {
			c.busy = append(c.busy, indexedRange{Range{w.Addr + uint64(w.Busy.Lo), w.Addr + uint64(w.Busy.Hi)}, i})
		}
	}
	slices.SortFunc(c.busy, func(a, b indexedRange) int { return cmp.Compare(a.Lo, b.Lo) })
	for i, b := range c.busy {
		if i == 0 {
			c.hull = b.Range
		}
		c.hull.Hi = max(c.hull.Hi, b.Hi)
	}
	c.walker = walker{at: &e.at, preempt: e.preempt, code: code}
	c.visit = c.goroutine
	return c
}

func (c *entryCheck) reset() {
	clear(c.counts)
	c.goroutines, c.conflicts, c.unknown = 0, 0, 0
}

// goroutine checks one goroutine of a stopped world.
func (c *entryCheck) goroutine(p unsafe.Pointer) {
	c.goroutines++
	g := uint64(uintptr(p))
	at := c.walker.at
	if at.asyncOf(g) == 0 {
		// A thread in a system call runs on during the stop, in the functions around the call.
		if s := at.statusOf(g); (s == statusSyscall || s == statusRunning) && c.walker.live(g) {
			c.position(at.pcOf(g))
		}
		return
	}
	if !c.walker.live(g) {
		return
	}
	pc, ok := c.walker.resumePC(g)
	if !ok {
		c.conflicts++
		c.unknown++
		return
	}
	c.position(pc)
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
