package splice

import (
	"errors"
	"fmt"
	"os"
)

var pageSize = uint64(os.Getpagesize())

const (
	// reach is how far offsets of 32 bits and jumps lead, offsetReach how far offsets do.
	reach       = jumpReach
	offsetReach = 1 << 31
	// heapRoom is left free above the program, where the C library's heap grows.
	heapRoom = 256 << 20
	// heapShare bounds that room to a part of what jumps reach there.
	heapShare = 4
	// maxRegion bounds the size of one image.
	maxRegion = 1 << 30
)

// pagesOf is r made larger to whole pages.
func pagesOf(r Range) Range {
	return Range{r.Lo &^ (pageSize - 1), (r.Hi + pageSize - 1) &^ (pageSize - 1)}
}

// Region is memory for one image. It is never unmapped once its module is registered. Its methods
// are not safe for concurrent use.
type Region struct {
	engine    *Engine
	at        Range
	sealed    bool
	text      Range  // after Seal
	data      Range  // after Seal
	module    uint64 // after Register
	listed    bool   // used by lookAtList
	activated bool   // the runtime was made to take the module
}

// Base is the address of the first byte.
func (r *Region) Base() uint64 { return r.at.Lo }

// Bytes is the memory of the region. After Seal writing to its text or rodata faults.
func (r *Region) Bytes() []byte { return bytesAt(r.at.Lo, int(r.at.Hi-r.at.Lo)) }

// Reserve maps size bytes of zeroed memory, readable and writable, from which every address in
// [nearLow, nearHigh] can be reached by a jump and with a 32-bit displacement. It lies at or above above, and
// its start less than reach above nearLow. A far region need not be reached by jumps.
func (e *Engine) Reserve(size, nearLow, nearHigh, above uint64, far bool) (*Region, error) {
	size = (size + pageSize - 1) &^ (pageSize - 1)
	if size == 0 || size > maxRegion {
		return nil, fmt.Errorf("an image of %d bytes can't be loaded: it has to be between 1 byte and 1 GB", size)
	}
	reach := uint64(reach)
	if far {
		reach = offsetReach
	}
	if nearLow > nearHigh || nearHigh-nearLow >= reach {
		return nil, fmt.Errorf("the program spans %#x to %#x, more than %d MB, which is how far the code of a patch leads: such programs can't be patched", nearLow, nearHigh, reach>>20)
	}
	window := Range{max(above, nearLow+1), nearLow + reach}
	if base, ok := reserve(window, size, nearHigh+min(heapRoom, (window.Hi-nearHigh)/heapShare)); ok {
		r := &Region{engine: e, at: Range{base, base + size}}
		e.regions = append(e.regions, r)
		return r, nil
	}
	return nil, fmt.Errorf("no %d KB of memory are free between %#x and %#x, near the program's code: restart the program with the edit built in", size>>10, window.Lo, window.Hi)
}

// candidates lists addresses for size bytes inside window that no mapping occupies: the lowest one
// of every gap, from start upwards and then from the low end of the window.
func candidates(maps []mapping, window Range, size, start uint64) []uint64 {
	var high, low []uint64
	at := window.Lo
	consider := func(gap Range) {
		add := func(list *[]uint64, from, to uint64) {
			base := (from + pageSize - 1) &^ (pageSize - 1)
			if base >= from && base < to && size <= to-base {
				*list = append(*list, base)
			}
		}
		add(&high, max(gap.Lo, start), gap.Hi)
		if gap.Lo < start {
			add(&low, gap.Lo, gap.Hi)
		}
	}
	for _, m := range maps {
		if m.Hi <= at {
			continue
		}
		if m.Lo >= window.Hi {
			break
		}
		if m.Lo > at {
			consider(Range{at, m.Lo})
		}
		at = m.Hi
	}
	if at < window.Hi {
		consider(Range{at, window.Hi})
	}
	return append(high, low...)
}

// Seal gives the parts of the region their final protection: text [0, textSize) read and execute,
// rodata [rodataOff, dataOff) read, the rest read and write. All are multiples of the page size.
func (r *Region) Seal(textSize, rodataOff, dataOff uint64) error {
	size := r.at.Hi - r.at.Lo
	switch {
	case r.sealed:
		return errors.New("the region is sealed already")
	case (textSize|rodataOff|dataOff)%pageSize != 0:
		return fmt.Errorf("the parts of the image (%#x, %#x, %#x) do not start at pages of %d bytes: make the patch again", textSize, rodataOff, dataOff, pageSize)
	case textSize == 0 || textSize > rodataOff || rodataOff > dataOff || dataOff > size:
		return fmt.Errorf("the parts of the image (%#x, %#x, %#x of %#x) are out of order: make the patch again", textSize, rodataOff, dataOff, size)
	}
	text := Range{r.at.Lo, r.at.Lo + textSize}
	if err := sealCode(text, r.engine.writer); err != nil {
		return fmt.Errorf("making the image executable: %w", err)
	}
	if rodata := (Range{r.at.Lo + rodataOff, r.at.Lo + dataOff}); rodata.Lo < rodata.Hi {
		if err := sealData(rodata); err != nil {
			return fmt.Errorf("making the image's data read-only: %w", err)
		}
	}
	r.sealed, r.text, r.data = true, text, Range{r.at.Lo + dataOff, r.at.Hi}
	return nil
}

// Release unmaps a region whose module was not registered, and nothing of which is in use.
func (r *Region) Release() error {
	if r.module != 0 {
		return errors.New("the region holds a registered module and stays mapped: the program may still reach it")
	}
	e := r.engine
	for i, other := range e.regions {
		if other == r {
			e.regions = append(e.regions[:i], e.regions[i+1:]...)
			return unmap(r.at)
		}
	}
	return errors.New("the region is released already")
}
