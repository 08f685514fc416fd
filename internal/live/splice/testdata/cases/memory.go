package main

import (
	"bytes"
	"strings"
	"syscall"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

const page = 4096

func reserve(p *locate.Program) {
	e := armed(p)
	high := p.Addr("runtime.end")
	above := uint64(0)
	for i := range 20 {
		r, err := e.Reserve(uint64(i)*page+1, p.Text, high, above, false)
		noError(err)
		size := uint64(len(r.Bytes()))
		expect(size == uint64(i+1)*page, "%d bytes", size)
		expect(r.Base() >= above && r.Base() > p.Text && r.Base()+size-p.Text <= 1<<31, "at %#x, text at %#x, above %#x", r.Base(), p.Text, above)
		expect(bytes.Count(r.Bytes(), []byte{0}) == int(size), "not zeroed")
		r.Bytes()[size-1] = 1
		above = r.Base() + size
		if i%2 == 1 {
			noError(r.Release())
			expect(r.Release() != nil, "released twice")
		}
	}
	for _, wrong := range [][3]uint64{{0, p.Text, high}, {1 << 40, p.Text, high}, {page, high, p.Text}, {page, 1 << 20, 1 << 40}} {
		_, err := e.Reserve(wrong[0], wrong[1], wrong[2], 0, false)
		expect(err != nil, "%#x was accepted", wrong)
	}
	_, err := e.Reserve(page, p.Text, high, p.Text+1<<31, false)
	expect(err != nil, "out of reach")
}

func reserveNone(p *locate.Program) {
	e := armed(p)
	occupy(p.Text, p.Text+1<<31)
	_, err := e.Reserve(page, p.Text, p.Addr("runtime.end"), 0, false)
	expect(err != nil && strings.Contains(err.Error(), "near the program's code"), "error %v", err)
	toggle(p, e)
}

// occupy maps all that is free between lo and hi, without access.
func occupy(lo, hi uint64) {
	const fixedNoReplace = 0x100000
	lo &^= page - 1
	for size := uint64(1 << 30); size >= page; size /= 2 {
		for at := lo; at+size <= hi+page; at += size {
			syscall.RawSyscall6(syscall.SYS_MMAP, uintptr(at), uintptr(size), 0, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE|fixedNoReplace, ^uintptr(0), 0)
		}
	}
}

func seal(p *locate.Program) { sealed(p, armed(p)) }

func sealMDWE(p *locate.Program) {
	denyExecGain()
	sealed(p, armed(p))
}

func sealMemfd(p *locate.Program) {
	e := armed(p)
	denyExecGain()
	deny(syscall.SYS_PWRITE64)
	sealed(p, e)
}

// sealed makes a region with code, constants and data and checks what each part allows.
func sealed(p *locate.Program, e *splice.Engine) {
	r, err := e.Reserve(4*page, p.Text, p.Addr("runtime.end"), 0, false)
	noError(err)
	copy(r.Bytes(), codeReturning(42))
	copy(r.Bytes()[2*page:], "constant")
	for _, wrong := range [][3]uint64{{0, page, 2 * page}, {page + 1, 2 * page, 3 * page}, {3 * page, page, 2 * page}, {page, 3 * page, 2 * page}, {page, 2 * page, 8 * page}} {
		expect(r.Seal(wrong[0], wrong[1], wrong[2]) != nil, "%v was accepted", wrong)
	}
	noError(r.Seal(2*page, 2*page, 3*page))
	for i, want := range []string{"r-x", "r-x", "r--", "rw-"} {
		got := protection(r.Base() + uint64(i)*page)
		if emulated && want == "r--" {
			continue // the emulator maps code and constants alike, and says so
		}
		expect(strings.HasPrefix(got, want), "page %d is %s instead of %s", i, got, want)
	}
	expect(callAt(r.Base()) == 42, "code returned %d", callAt(r.Base()))
	expect(string(r.Bytes()[2*page:][:8]) == "constant", "constants are lost")
	r.Bytes()[3*page] = 1
	expect(r.Seal(2*page, 2*page, 3*page) != nil, "sealed twice")
	noError(r.Release())
	expect(protection(r.Base()) == "none", "still mapped")
}

// callAt calls a function at an address.
func callAt(addr uint64) int {
	entry := new(uintptr)
	*entry = uintptr(addr)
	return (*(*func() int)(unsafe.Pointer(&entry)))()
}
