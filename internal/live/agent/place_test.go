package agent

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"testing"
	"unsafe"
)

// TestFindPlace compares where the test program is with what its file says.
func TestFindPlace(t *testing.T) {
	m, err := readMemoryMap()
	if err != nil {
		t.Fatal(err)
	}
	at, err := findPlace(m, ownCode())
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := f.Section(".text")
	want, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	if got := memoryAt(text.Addr+at.slide, text.Size); !bytes.Equal(got, want) {
		t.Errorf("the program's code is not at %#x, moved by %#x", text.Addr, at.slide)
	}
	if f.Type == elf.ET_EXEC && at.slide != 0 {
		t.Errorf("a program that can't be moved was moved by %#x", at.slide)
	}
	if _, err := findPlace(m, uint64(maxProgram)<<12); err == nil {
		t.Error("a place was found for an address that is not the program's")
	}
}

// header is the start of a file with a segment for its header and one for code.
func header(typ uint16, first, code, size uint64) []byte {
	b := make([]byte, 1<<12)
	copy(b, elfMagic)
	binary.LittleEndian.PutUint16(b[elfType:], typ)
	binary.LittleEndian.PutUint64(b[elfPhoff:], elfHeaderSize)
	binary.LittleEndian.PutUint16(b[elfPhnum:], 2)
	for i, s := range []struct {
		flags                uint32
		offset, addr, memory uint64
	}{{4, 0, first, 0x1000}, {5, 0x1000, code, size}} {
		p := b[elfHeaderSize+i*elfSegmentSize:]
		binary.LittleEndian.PutUint32(p, elfLoad)
		binary.LittleEndian.PutUint32(p[segmentFlags:], s.flags)
		binary.LittleEndian.PutUint64(p[segmentOffset:], s.offset)
		binary.LittleEndian.PutUint64(p[segmentAddr:], s.addr)
		binary.LittleEndian.PutUint64(p[segmentMemory:], s.memory)
	}
	return b
}

func TestSlideOf(t *testing.T) {
	const exec = 2
	for _, c := range []struct {
		name        string
		typ         uint16
		first, code uint64
		at          uint64 // of the code, from the start of the file in memory
		ok          bool
	}{
		{"moved", elfDyn, 0, 0x1000, 0x1800, true},
		{"moved, with addresses of its own", elfDyn, 0x400000, 0x401000, 0x1800, true},
		{"code before the segment", elfDyn, 0, 0x1000, 0x800, false},
		{"code behind the segment", elfDyn, 0, 0x1000, 0x2000, false},
		{"fixed, and elsewhere", exec, 0x400000, 0x401000, 0x1800, false},
	} {
		file := header(c.typ, c.first, c.code, 0x1000)
		lo := uint64(uintptr(unsafe.Pointer(&file[0])))
		slide, ok := slideOf(mapping{lo: lo, hi: lo + uint64(len(file)), read: true}, lo+c.at)
		if ok != c.ok || ok && slide != lo-c.first {
			t.Errorf("%s: moved by %#x, %v", c.name, slide, ok)
		}
	}
	for name, spoil := range map[string]func([]byte){
		"magic":                func(b []byte) { b[1]++ },
		"too many segments":    func(b []byte) { binary.LittleEndian.PutUint16(b[elfPhnum:], 1<<15) },
		"segments outside":     func(b []byte) { binary.LittleEndian.PutUint64(b[elfPhoff:], 1<<63) },
		"nothing holds itself": func(b []byte) { binary.LittleEndian.PutUint64(b[elfHeaderSize+segmentOffset:], 0x3000) },
	} {
		file := header(elfDyn, 0, 0x1000, 0x1000)
		spoil(file)
		lo := uint64(uintptr(unsafe.Pointer(&file[0])))
		if _, ok := slideOf(mapping{lo: lo, hi: lo + uint64(len(file)), read: true}, lo+0x1800); ok {
			t.Errorf("%s: a place was found", name)
		}
	}
}
