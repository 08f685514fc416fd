package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// moved is what moveCode did.
var moved = "no code moved"

// fetch makes the program's code large enough for a huge page.
func fetch(url string) error {
	answer, err := http.Get(url)
	if err == nil {
		answer.Body.Close()
	}
	return err
}

// moveCode moves this program's code into anonymous memory that may be of huge pages, where it is.
func moveCode() error {
	lo, hi, err := codeMapping()
	if err != nil {
		return err
	}
	const huge = 2 << 20
	reserved, err := mmap(hi-lo+huge, syscall.PROT_READ|syscall.PROT_WRITE)
	if err != nil {
		return err
	}
	to := (reserved+huge-1)/huge*huge + lo%huge
	copy(memory(to, hi-lo), memory(lo, hi-lo))
	const collapse = 25
	_, _, whole := syscall.RawSyscall(syscall.SYS_MADVISE, to, (hi-lo)/huge*huge, collapse)
	if _, _, e := syscall.RawSyscall(syscall.SYS_MPROTECT, to, hi-lo, syscall.PROT_READ|syscall.PROT_EXEC); e != 0 {
		return e
	}
	const mayMove, fixed = 1, 2
	if _, _, e := syscall.RawSyscall6(syscall.SYS_MREMAP, to, hi-lo, hi-lo, mayMove|fixed, lo, 0); e != 0 {
		return e
	}
	if moved = fmt.Sprintf("%d KB of code moved", (hi-lo)>>10); whole == 0 && hi-lo >= huge {
		moved += " into huge pages"
	}
	return nil
}

// codeMapping is where the program's code is mapped.
func codeMapping() (lo, hi uintptr, err error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0, 0, err
	}
	for lines := bufio.NewScanner(strings.NewReader(string(maps))); lines.Scan(); {
		if strings.Contains(lines.Text(), " r-xp ") {
			_, err := fmt.Sscanf(lines.Text(), "%x-%x", &lo, &hi)
			return lo, hi, err
		}
	}
	return 0, 0, fmt.Errorf("no code in /proc/self/maps")
}

func mmap(size, rights uintptr) (uintptr, error) {
	at, _, e := syscall.RawSyscall6(syscall.SYS_MMAP, 0, size, rights, syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if e != 0 {
		return 0, e
	}
	return at, nil
}

func memory(at, size uintptr) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size)
}
