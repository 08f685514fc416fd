package splice

import (
	"slices"
	"testing"
)

// Between the program's code and an image lies data, whose protection must stay what it is.
func TestHullsOf(t *testing.T) {
	e := &Engine{text: Range{0x401000, 0x500000}}
	for _, at := range []uint64{0x20000000, 0x20010000} {
		e.regions = append(e.regions, &Region{sealed: true, text: Range{at, at + 0x1000}})
	}
	var writes []Write
	for _, addr := range []uint64{0x401000, 0x403000, 0x4ffff8, 0x20000020, 0x20000040, 0x20010000} {
		writes = append(writes, Write{Addr: addr})
	}
	want := []Range{{0x401000, 0x500000}, {0x20000020, 0x20000048}, {0x20010000, 0x20010008}}
	if got := e.hullsOf(writes); !slices.Equal(got, want) {
		t.Errorf("hulls %x, want %x", got, want)
	}
	for addr, want := range map[uint64]bool{0x401000: true, 0x4ffff9: false, 0x500000: false, 0x20000ff8: true, 0x20001000: false} {
		if got := e.holdsCode(addr); got != want {
			t.Errorf("code at %#x: %v", addr, got)
		}
	}
}
