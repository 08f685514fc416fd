package splice

import (
	"testing"
	"unsafe"
)

func TestMaskBits(t *testing.T) {
	for _, c := range []struct {
		program string
		bits    uint64
		ok      bool
	}{
		{"\x00", 0, true},
		{"\x01\x01\x00", 1, true},
		{"\x0a\xff\x03\x00", 10, true},
		{"\x01\x01\x81\x07\x00", 8, true},                   // repeat 1 bit 7 times
		{"\x02\x03\x80\x02\x03\x00", 8, true},               // the same with a long length: 2 bits 3 times
		{"\x01\x01\x81\x80\x01\x00", 129, true},             // a count of two bytes
		{"\x82\x01\x00", 0, false},                          // repeats what is not there
		{"\x01\x01\x81\xff\xff\xff\x7f\x00", 1 << 28, true}, // mask refuses it
		{"\x01\x01\x81\xff\xff\xff\xff\x0f\x00", 0, false},  // more than any image
		{"\x01\x01", 0, false},                              // no end
		{"\x7f", 0, false},
		{"", 0, false},
	} {
		b := append([]byte(c.program), 0)[:len(c.program)]
		at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
		bits, ok := maskBits(at, Range{at, at + uint64(len(b))})
		if ok != c.ok || ok && bits != c.bits {
			t.Errorf("% x: %d %v", c.program, bits, ok)
		}
	}
}
