package link

import (
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// Code that does not check for stack space relies on what its callers leave: a fixed number of bytes below the stack
// pointer of whoever checked last. Go's linker adds up what chains of such functions take, and so does this one: functions
// that come with a patch are in no chain that it has seen.

const (
	// nosplitStack is what a check for stack space leaves, as runtime and linker have it; twice as much with the race
	// detector.
	nosplitStack = 800
	// endless is the height of a chain that calls itself.
	endless = 1<<15 - 1
)

// A test shows what happens without the check.
var measuresStacks = true

// stackCheck measures chains of functions.
type stackCheck struct {
	l        *linker
	callSize int // what a call puts on the stack
	height   map[goobj.Sym]int
}

// checkStacks refuses functions of the image that could take more stack than is there.
func (l *linker) checkStacks() {
	if !measuresStacks {
		return
	}
	c := &stackCheck{l: l, height: map[goobj.Sym]int{}}
	limit := nosplitStack
	if l.rec.Build.Settings["-race"] == "true" {
		limit *= 2
	}
	if l.arch.LinkRegister {
		limit -= word // where the frame pointer is saved
	} else {
		c.callSize = word
		limit -= word
	}
	for _, p := range l.order {
		if !p.kind.IsText() {
			continue
		}
		if h := c.check(p.sym); h > limit {
			l.fail("%s and what it calls without a check for stack space take %d bytes of stack, and %d may be there: go build refuses that too, so let one of them be without //go:nosplit or NOSPLIT, or give them smaller frames", p.name, h, limit)
		}
	}
}

// check is how far below its own entry the stack of function y may reach before something checks.
func (c *stackCheck) check(y goobj.Sym) int {
	if h, ok := c.height[y]; ok {
		return h
	}
	c.height[y] = endless // found again before it is known: it calls itself
	h := min(c.measure(y), endless)
	c.height[y] = h
	return h
}

func (c *stackCheck) measure(y goobj.Sym) int {
	set, n := c.l.set, c.l.set.NameOf(y)
	if n.Name == "runtime.morestack" {
		return 0 // it changes to another stack
	}
	if !set.Defined(y) {
		// Its object was not looked at, because the program has it.
		old, ok := c.l.rec.Lookup(n.Name, n.ABI)
		switch {
		case !ok || !old.Kind.IsText():
			return 0
		case !old.NoSplit:
			return c.callSize
		}
		if y, ok = set.Lookup(n.Name, n.ABI); !ok {
			return 0
		}
	}
	if _, ok := set.FuncInfo(y); !ok {
		return 0 // of C code, which runs on another stack
	}
	if flag, _ := set.Flags(y); flag&goobj.FlagNoSplit == 0 {
		return c.callSize // for the call that grows the stack
	}
	depths := set.StackDepths(y, int(c.l.arch.PCQuantum))
	most := 0
	for _, d := range depths {
		most = max(most, d.Depth)
	}
	for _, r := range set.Relocs(y) {
		switch {
		case r.Type.IsCall():
			most = max(most, depthAt(depths, r.Off)+c.callSize+c.check(r.Sym))
		case r.Type == goobj.RCallInd: // of functions that check, as Go's linker takes it
			most = max(most, depthAt(depths, r.Off)+2*c.callSize)
		}
	}
	return most
}

func depthAt(depths []goobj.StackDepth, off int) int {
	for _, d := range depths {
		if off < d.End {
			return d.Depth
		}
	}
	return 0
}
