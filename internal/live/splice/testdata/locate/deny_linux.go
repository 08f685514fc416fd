package locate

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// Deny makes a system call fail with EPERM from now on, in all threads.
func Deny(number uint32) error {
	const (
		load, jumpEqual, ret  = 0x20, 0x15, 0x06
		allow, fail           = 0x7fff0000, 0x00050000
		setNoNewPrivs         = 38
		seccomp, filter, sync = 317, 1, 1
	)
	type instruction struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}
	program := []instruction{{load, 0, 0, 0}, {jumpEqual, 0, 1, number}, {ret, 0, 0, fail | uint32(syscall.EPERM)}, {ret, 0, 0, allow}}
	header := struct {
		n    uint16
		code *instruction
	}{uint16(len(program)), &program[0]}
	runtime.LockOSThread() // which passes the filter on to the others
	defer runtime.UnlockOSThread()
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, setNoNewPrivs, 1, 0); e != 0 {
		return fmt.Errorf("PR_SET_NO_NEW_PRIVS: %w", e)
	}
	if _, _, e := syscall.RawSyscall(seccomp, filter, sync, uintptr(unsafe.Pointer(&header))); e != 0 {
		return fmt.Errorf("seccomp: %w", e)
	}
	return nil
}
