package splice

import (
	"errors"
	"fmt"
	"syscall"
)

const (
	membarrierSyncCore         = 1 << 5 // PRIVATE_EXPEDITED_SYNC_CORE
	membarrierRegisterSyncCore = 1 << 6
)

// barrier makes every processor that runs a thread of this process drop the instructions it has
// fetched before it runs user code again.
//
// Kernels before 4.16 have no membarrier for this. There a change of page protection does it: those
// kernels interrupt all processors that run the process to flush their TLBs, and the return from an
// interrupt serialises. Newer kernels may flush without interrupts, so where only a filter
// forbids membarrier, arming fails.
type barrier struct {
	page uint64 // 0: membarrier
}

func newBarrier() (barrier, error) {
	_, _, e := syscall.RawSyscall(sysMembarrier, membarrierRegisterSyncCore, 0, 0)
	if e == 0 {
		return barrier{}, nil
	}
	release, err := kernelRelease()
	if err != nil {
		return barrier{}, err
	}
	if !older(release, 4, 16) {
		return barrier{}, fmt.Errorf("membarrier(PRIVATE_EXPEDITED_SYNC_CORE): %w: allow this system call (seccomp) so that processors can be told of changed code", e)
	}
	page, err := mapAnywhere(pageSize)
	if err != nil {
		return barrier{}, err
	}
	return barrier{page: page}, nil
}

// sync runs in a stopped world.
func (b *barrier) sync() {
	if b.page == 0 {
		// It fails only for processes that have not registered.
		syscall.RawSyscall(sysMembarrier, membarrierSyncCore, 0, 0)
		return
	}
	storeAtomic64(b.page, 1) // a page without an entry in the TLBs would need no flush
	syscall.RawSyscall(syscall.SYS_MPROTECT, uintptr(b.page), uintptr(pageSize), syscall.PROT_READ)
	syscall.RawSyscall(syscall.SYS_MPROTECT, uintptr(b.page), uintptr(pageSize), syscall.PROT_READ|syscall.PROT_WRITE)
}

func kernelRelease() (string, error) {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	var b []byte
	for _, c := range u.Release {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	if len(b) == 0 {
		return "", errors.New("uname: no kernel release")
	}
	return string(b), nil
}

// older reports whether a release such as "4.15.0-213-generic" precedes major.minor. One that is not
// understood does not.
func older(release string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(release, "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a < major || a == major && b < minor
}
