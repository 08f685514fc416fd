package splice

import "fmt"

// Fill stores new in the aligned word of size 4 or 8 bytes at addr, in the program's data, which
// may be read-only. The word must hold old, or new already. Goroutines that read it at the same time see
// one or the other.
func (e *Engine) Fill(addr uint64, size int, old, new uint64) error {
	if size != 4 && size != 8 || addr%uint64(size) != 0 || size == 4 && (old|new)>>32 != 0 {
		return fmt.Errorf("a word of %d bytes at %#x can't be filled: make the patch again", size, addr)
	}
	if !e.program.holds(addr, uint64(size)) || e.text.contains(addr) {
		return fmt.Errorf("the word at %#x is not in the program's data: the patch was made for another program", addr)
	}
	var now uint64
	if size == 4 {
		now = uint64(load32(addr))
	} else {
		now = loadAtomic64(addr)
	}
	switch {
	case now == new:
		return nil
	case now != old:
		return fmt.Errorf("the word at %#x is %#x, neither %#x nor %#x: the patch was made for another program", addr, now, old, new)
	case size == 4:
		return e.storeData32(addr, uint32(new))
	}
	return e.storeData64(addr, new)
}

func (e *Engine) storeData32(addr uint64, v uint32) error {
	return e.withWritable(addr, func() { storeAtomic32(addr, v) })
}

func (e *Engine) storeData64(addr uint64, v uint64) error {
	return e.withWritable(addr, func() { storeAtomic64(addr, v) })
}

// withWritable calls store while the page of addr is writable. A page of data is never executed, so
// adding a right for a moment and taking it away again disturbs nobody; a store is one
// instruction, which a write through /proc/self/mem need not be.
func (e *Engine) withWritable(addr uint64, store func()) error {
	restore, err := e.maps.open(addr &^ (pageSize - 1))
	if err != nil {
		return fmt.Errorf("making the data at %#x writable: %w", addr, err)
	}
	store()
	return restore()
}
