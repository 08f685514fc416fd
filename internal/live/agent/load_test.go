package agent

import (
	"bytes"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestAlignmentTakesNoMemory fills an image whose parts are farther apart than their content asks for.
func TestAlignmentTakesNoMemory(t *testing.T) {
	const apart = 64 << 10
	page := os.Getpagesize()
	if page >= apart {
		t.Skipf("pages of %d bytes leave nothing between the parts", page)
	}
	m := &patch.Image{
		Bytes: bytes.Repeat([]byte{7}, 2*apart+16), Size: 3 * apart, TextSize: apart, RodataOff: apart, DataOff: 2 * apart,
		TextEnd: 5000, RodataEnd: apart + 100, DataEnd: 2*apart + 300,
	}
	memory, err := syscall.Mmap(-1, 0, 3*apart, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(memory)
	_ = syscall.Madvise(memory, syscall.MADV_NOHUGEPAGE) // kernels without huge pages don't know it
	fillParts(memory, m)
	resident := make([]byte, len(memory)/page)
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&memory[0])), uintptr(len(memory)), uintptr(unsafe.Pointer(&resident[0]))); e != 0 {
		t.Fatal(e)
	}
	used := 0
	for _, r := range resident {
		used += int(r & 1)
	}
	if want := m.Memory(uint64(page)); uint64(used*page) != want {
		t.Errorf("%d bytes are in memory, and said are %d", used*page, want)
	}
	for at, want := range map[int]byte{0: 7, 4999: 7, 5000: 0, apart: 7, apart + 100: 0, 2*apart + 15: 7, 2*apart + 16: 0} {
		if memory[at] != want {
			t.Errorf("the byte at %#x is %d, want %d", at, memory[at], want)
		}
	}
}

// TestAlignmentOfUnknownEnds takes all of the parts for content.
func TestAlignmentOfUnknownEnds(t *testing.T) {
	m := &patch.Image{Bytes: []byte{1, 2, 3}, Size: 3 << 12, TextSize: 1 << 12, RodataOff: 1 << 12, DataOff: 2 << 12}
	memory := make([]byte, m.Size)
	fillParts(memory, m)
	if got := m.Memory(1 << 12); got != m.Size || !bytes.HasPrefix(memory, m.Bytes) {
		t.Errorf("%d bytes, %v", got, memory[:4])
	}
}
