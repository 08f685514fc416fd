package splice

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"unsafe"
)

// systemMissing names what the operating system lacks; nothing here.
const systemMissing = ""

// errno is an error number, which can be passed on in a stopped world.
type errno = syscall.Errno

const (
	errLost   = syscall.EIO
	errClosed = syscall.EBADF
)

// selfMem is /proc/self/mem, opened early: a process that is no longer dumpable can't open it, but
// a descriptor that it has keeps working. dev and ino recognise it, because a program that
// closes descriptors it does not know may get the number again for a file of its own.
var selfMem struct {
	sync.Mutex
	fd       int
	open     bool
	dev, ino uint64
}

// OpenText opens what is needed to write code later. Calling it when the program starts helps
// programs that drop privileges afterwards; without it Arm does the same. It is cheap, may be called
// more than once and from any goroutine.
func OpenText() error {
	selfMem.Lock()
	defer selfMem.Unlock()
	if selfMem.open {
		return nil
	}
	fd, err := syscall.Open("/proc/self/mem", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /proc/self/mem: %w", err)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		syscall.Close(fd)
		return fmt.Errorf("stat /proc/self/mem: %w", err)
	}
	selfMem.fd, selfMem.open = fd, true
	selfMem.dev, selfMem.ino = uint64(st.Dev), uint64(st.Ino)
	return nil
}

// forgetText drops a descriptor that no longer is /proc/self/mem. It must not be closed: it belongs
// to the program now, or to nobody.
func forgetText() {
	selfMem.Lock()
	defer selfMem.Unlock()
	selfMem.open = false
}

// textWriter changes words of code that is mapped read-only.
type textWriter struct {
	mode     string
	fd       int
	dev, ino uint64
	stat     *syscall.Stat_t // room for usable, which may not allocate
}

// newTextWriter finds a way to write code by rewriting the word at probe with itself.
func newTextWriter(probe uint64) (*textWriter, error) {
	t := &textWriter{stat: new(syscall.Stat_t)}
	procErr := t.useProcMem(probe)
	if procErr == nil {
		return t, nil
	}
	mprotectErr := t.useMprotect(probe)
	if mprotectErr == nil {
		return t, nil
	}
	return nil, fmt.Errorf("this process may not change its own code (/proc/self/mem: %v; mprotect: %v): allow one of the two (proc_mem.force_override, PR_SET_MDWE, seccomp or SELinux forbid them), or restart the program with the edit built in", procErr, mprotectErr)
}

func (t *textWriter) useProcMem(probe uint64) error {
	t.mode = modeProcMem
	for range 2 {
		if err := OpenText(); err != nil {
			return err
		}
		selfMem.Lock()
		t.fd, t.dev, t.ino = selfMem.fd, selfMem.dev, selfMem.ino
		selfMem.Unlock()
		if t.usable() {
			if !t.isMemory(probe) {
				return errors.New("another file is in its place")
			}
			return t.rewrite(probe)
		}
		forgetText()
	}
	return errors.New("the program closes the descriptor")
}

func (t *textWriter) useMprotect(probe uint64) error {
	t.mode = modeMprotect
	page := pagesOf(Range{probe, probe + wordSize})
	if err := t.unlock(page); err != nil {
		return err
	}
	defer t.lock(page)
	return t.rewrite(probe)
}

// isMemory reports whether the descriptor shows the word at addr. A container may cover /proc/self/mem with
// a file that takes every write and keeps none.
func (t *textWriter) isMemory(addr uint64) bool {
	var word [wordSize]byte
	n, err := syscall.Pread(t.fd, word[:], int64(addr))
	return err == nil && n == wordSize && bytes.Equal(word[:], bytesAt(addr, wordSize))
}

// rewrite stores the word at addr over itself, which also gives the process its own copy of the
// page. Threads that execute there see the same bytes before, while and after.
func (t *textWriter) rewrite(addr uint64) error {
	word := append([]byte(nil), bytesAt(addr, wordSize)...)
	if t.mode == modeMprotect {
		storeAtomic64(addr, load64(addr))
		return nil
	}
	if e := t.write(addr, word); e != 0 {
		return e
	}
	return nil
}

// usable reports whether writing can work: the descriptor still is /proc/self/mem, or none is
// needed. It may run in a stopped world.
func (t *textWriter) usable() bool {
	if t.mode == modeMprotect {
		return true
	}
	_, _, e := syscall.RawSyscall(sysFstat, uintptr(t.fd), uintptr(unsafe.Pointer(t.stat)), 0)
	return e == 0 && uint64(t.stat.Dev) == t.dev && uint64(t.stat.Ino) == t.ino
}

// prepare makes ready, while the world runs, to write the spans, which lie in hulls. A way of writing
// that no longer works is replaced by the other one.
func (t *textWriter) prepare(hulls []Range, spans []span) error {
	if t.usable() {
		err := t.open(hulls, spans)
		if err == nil || t.mode == modeMprotect {
			return err
		}
	}
	other, err := newTextWriter(hulls[0].Lo &^ (pageSize - 1))
	if err != nil {
		return err
	}
	*t = *other
	return t.open(hulls, spans)
}

func (t *textWriter) open(hulls []Range, spans []span) error {
	if t.mode == modeMprotect {
		for i, hull := range hulls {
			if err := t.unlock(pagesOf(hull)); err != nil {
				t.finish(hulls[:i])
				return fmt.Errorf("making code writable: %w", err)
			}
		}
	}
	for i := range spans {
		if err := t.rewrite(spans[i].addr); err != nil {
			t.finish(hulls)
			return fmt.Errorf("writing code at %#x: %w", spans[i].addr, err)
		}
	}
	return nil
}

// finish undoes prepare.
func (t *textWriter) finish(hulls []Range) {
	if t.mode == modeMprotect {
		for _, hull := range hulls {
			t.lock(pagesOf(hull))
		}
	}
}

// write brings the code at addr to content, whose address and length are multiples of 8. It may run
// in a stopped world, after usable.
func (t *textWriter) write(addr uint64, content []byte) errno {
	defer syncInstructions(addr, uint64(len(content)))
	if t.mode == modeMprotect {
		storeWords(addr, content)
		return 0
	}
	n, _, e := syscall.RawSyscall6(syscall.SYS_PWRITE64, uintptr(t.fd), uintptr(unsafe.Pointer(unsafe.SliceData(content))), uintptr(len(content)), uintptr(addr), 0, 0)
	if e == 0 && n != uintptr(len(content)) {
		return errLost
	}
	return e
}

// unlock makes code writable. It stays executable all the time, because other threads run in it.
func (t *textWriter) unlock(pages Range) error {
	return protect(pages, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC)
}

// lock takes the right to write away again. That it fails is not known to happen; code would stay
// writable, which changes nothing that works.
func (t *textWriter) lock(pages Range) {
	_ = protect(pages, syscall.PROT_READ|syscall.PROT_EXEC)
}
