package splice

import (
	"bytes"
	"fmt"
	"syscall"
	"unsafe"
)

const (
	mapFixedNoReplace = 0x100000
	memfdCloexec      = 1
	memfdExec         = 0x10 // since Linux 6.3
	prSetVMA          = 0x53564d41
)

// reserve maps anonymous memory in the window, preferably at or above start.
func reserve(window Range, size, start uint64) (base uint64, ok bool) {
	for range 3 { // the program maps memory at the same time: look again
		maps, err := mappings()
		if err != nil {
			return reserveBlind(window, size, start)
		}
		for _, base := range candidates(maps, window, size, start) {
			if mapExactly(base, size) {
				return base, true
			}
		}
	}
	return 0, false
}

// reserveBlind tries addresses in regular steps, for processes that can't see /proc.
func reserveBlind(window Range, size, start uint64) (base uint64, ok bool) {
	const tries = 1024
	step := max(size, (window.Hi-window.Lo)/tries) &^ (pageSize - 1)
	for _, from := range []uint64{max(start, window.Lo), window.Lo} {
		base := (from + pageSize - 1) &^ (pageSize - 1)
		for ; base < window.Hi && size <= window.Hi-base; base += step {
			if mapExactly(base, size) {
				return base, true
			}
		}
	}
	return 0, false
}

// mapExactly maps anonymous memory at base unless something is there.
func mapExactly(base, size uint64) bool {
	got, e := mmap(base, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|mapFixedNoReplace, -1)
	if e != 0 {
		return false
	}
	if got != base { // kernels before 4.17 take the address as a hint
		unmap(Range{got, got + size})
		return false
	}
	nameMapping(base, size)
	return true
}

func mapAnywhere(size uint64) (uint64, error) {
	base, e := mmap(0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON, -1)
	if e != 0 {
		return 0, fmt.Errorf("mmap: %w", e)
	}
	return base, nil
}

// nameMapping makes /proc/PID/maps say whose memory it is, on kernels that can.
func nameMapping(base, size uint64) {
	name := []byte("gosplice\x00")
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetVMA, 0, uintptr(base), uintptr(size), uintptr(unsafe.Pointer(&name[0])), 0)
}

// sealCode makes filled memory executable. Where the system refuses to make memory executable
// that was writable (PR_SET_MDWE), it is replaced by a mapping that was executable from the start and is
// filled through /proc/self/mem, or by one of a file in memory.
func sealCode(text Range, w *textWriter) error {
	defer syncInstructions(text.Lo, text.Hi-text.Lo)
	denied := protect(text, syscall.PROT_READ|syscall.PROT_EXEC)
	if denied == nil {
		return nil
	}
	content := bytes.Clone(bytesAt(text.Lo, int(text.Hi-text.Lo)))
	procErr := mapCode(text, -1)
	if procErr == nil {
		if procErr = fillCode(text, content, w); procErr == nil {
			return nil
		}
	}
	if err := mapCodeFile(text, content); err != nil {
		return fmt.Errorf("mprotect: %w; /proc/self/mem: %w; memfd: %w", denied, procErr, err)
	}
	return nil
}

// fillCode writes into code that nothing executes yet.
func fillCode(text Range, content []byte, w *textWriter) error {
	if w.mode != modeProcMem {
		return fmt.Errorf("not usable in this process")
	}
	if e := w.write(text.Lo, content); e != 0 {
		return e
	}
	if !bytes.Equal(content, bytesAt(text.Lo, len(content))) {
		return fmt.Errorf("what was written does not read back")
	}
	return nil
}

// mapCodeFile maps a file in memory that holds content.
func mapCodeFile(text Range, content []byte) error {
	name := []byte("gosplice\x00")
	fd, _, e := syscall.RawSyscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), memfdCloexec|memfdExec, 0)
	if e == syscall.EINVAL {
		fd, _, e = syscall.RawSyscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), memfdCloexec, 0)
	}
	if e != 0 {
		return e
	}
	defer syscall.Close(int(fd))
	for rest := content; len(rest) > 0; {
		n, err := syscall.Write(int(fd), rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return mapCode(text, int(fd))
}

// mapCode replaces the region's text by an executable mapping of fd, or of zeroes for fd -1.
func mapCode(text Range, fd int) error {
	flags := syscall.MAP_PRIVATE | syscall.MAP_FIXED
	if fd < 0 {
		flags |= syscall.MAP_ANON
	}
	if _, e := mmap(text.Lo, text.Hi-text.Lo, syscall.PROT_READ|syscall.PROT_EXEC, flags, fd); e != 0 {
		return e
	}
	return nil
}

func sealData(pages Range) error { return protect(pages, syscall.PROT_READ) }

func mmap(addr, size uint64, prot, flags, fd int) (uint64, syscall.Errno) {
	got, _, e := syscall.RawSyscall6(sysMmap, uintptr(addr), uintptr(size), uintptr(prot), uintptr(flags), uintptr(fd), 0)
	return uint64(got), e
}

func unmap(pages Range) error {
	_, _, e := syscall.RawSyscall(syscall.SYS_MUNMAP, uintptr(pages.Lo), uintptr(pages.Hi-pages.Lo), 0)
	if e != 0 {
		return fmt.Errorf("munmap: %w", e)
	}
	return nil
}

func protect(pages Range, prot uintptr) error {
	_, _, e := syscall.RawSyscall(syscall.SYS_MPROTECT, uintptr(pages.Lo), uintptr(pages.Hi-pages.Lo), prot)
	if e != 0 {
		return fmt.Errorf("mprotect: %w", e)
	}
	return nil
}
