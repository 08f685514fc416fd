package agent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// place is where the program's file was put in memory.
type place struct {
	header mapping // begins with the ELF header
	// slide is the distance from the addresses in the file, modulo 2^64: 0 unless the program is
	// position-independent.
	slide uint64
}

// The parts of ELF files that tell where a program is.
const (
	elfMagic       = "\x7fELF"
	elfHeaderSize  = 64
	elfType        = 16 // 2 bytes
	elfPhoff       = 32 // 8 bytes
	elfPhnum       = 56 // 2 bytes
	elfDyn         = 3
	elfSegmentSize = 56
	elfLoad        = 1
	segmentFlags   = 4
	segmentOffset  = 8
	segmentAddr    = 16
	segmentMemory  = 40
	elfExecutable  = 1
	maxProgram     = 1 << 31 // bytes of a program that can be patched
)

// findPlace finds the file that holds the code at an address: the nearest ELF header in front of it of which a
// segment is there.
func findPlace(m memoryMap, code uint64) (place, error) {
	for _, p := range slices.Backward(m) {
		if p.lo > code || !p.read || p.hi-p.lo < elfHeaderSize {
			continue
		}
		if code-p.lo > maxProgram {
			break
		}
		if slide, ok := slideOf(p, code); ok {
			return place{header: p, slide: slide}, nil
		}
	}
	return place{}, errors.New("no ELF header was found in front of the program's code, so it is not known where it was loaded")
}

// slideOf is how far the file at the start of a mapping is from where it was linked, if its code is at an address.
func slideOf(p mapping, code uint64) (uint64, bool) {
	file := memoryAt(p.lo, min(p.hi-p.lo, buildIDReach))
	if !bytes.HasPrefix(file, []byte(elfMagic)) {
		return 0, false
	}
	at, n := binary.LittleEndian.Uint64(file[elfPhoff:]), uint64(binary.LittleEndian.Uint16(file[elfPhnum:]))
	if at > uint64(len(file)) || n*elfSegmentSize > uint64(len(file))-at {
		return 0, false
	}
	slide := uint64(0)
	if binary.LittleEndian.Uint16(file[elfType:]) == elfDyn {
		first, ok := firstSegment(file[at:], n)
		if !ok {
			return 0, false
		}
		slide = p.lo - first
	}
	for ; n > 0; at, n = at+elfSegmentSize, n-1 {
		s := file[at:]
		lo, size := binary.LittleEndian.Uint64(s[segmentAddr:])+slide, binary.LittleEndian.Uint64(s[segmentMemory:])
		executable := binary.LittleEndian.Uint32(s[segmentFlags:])&elfExecutable != 0
		if binary.LittleEndian.Uint32(s) == elfLoad && executable && code-lo < size {
			return slide, true
		}
	}
	return 0, false
}

// firstSegment is the address of the segment of which the header is part, by the n entries of a table.
func firstSegment(table []byte, n uint64) (uint64, bool) {
	for ; n > 0; table, n = table[elfSegmentSize:], n-1 {
		if binary.LittleEndian.Uint32(table) == elfLoad && binary.LittleEndian.Uint64(table[segmentOffset:]) == 0 {
			return binary.LittleEndian.Uint64(table[segmentAddr:]), true
		}
	}
	return 0, false
}

// slide moves the addresses of p to where the program is. That its code is there is for textMatches to find out.
func (g *program) slide(p *patch.Patch) error {
	if !p.Release.PositionIndependent {
		return nil
	}
	m, err := g.memoryMap()
	if err != nil {
		return err
	}
	at, err := findPlace(m, ownCode())
	if err != nil {
		return refused(control.ReasonTextDiffers, "%v: build the program with -buildmode=exe, or without what moves its code", err)
	}
	if err := p.Slide(at.slide); err != nil {
		return malformed("its addresses, moved by %#x to where the program is: %v", at.slide, err)
	}
	return nil
}
