package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// confine takes from this process what a patch needs.
func confine(what []string) error {
	var filter []rule
	for _, w := range what {
		var err error
		switch w {
		case "mdwe": // no memory becomes executable that was writable
			err = prctl(prSetMDWE, mdweRefuseExecGain)
		case "no-pwrite": // no writing through /proc/self/mem
			filter = append(filter, rule{number: syscall.SYS_PWRITE64})
		case "no-mprotect": // no changing the protection of code
			filter = append(filter, rule{number: syscall.SYS_MPROTECT, bit: syscall.PROT_EXEC})
		case "no-membarrier":
			filter = append(filter, rule{number: 324})
		case "container": // what container engines deny to programs without privileges
			filter = append(filter, deniedInContainers()...)
		case "crowded": // no free memory near the code
			err = crowd()
		default:
			err = fmt.Errorf("%q is not known", w)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	if len(filter) == 0 {
		return nil
	}
	return deny(filter)
}

const (
	prSetNoNewPrivs    = 38
	prSetMDWE          = 65
	mdweRefuseExecGain = 1
)

func prctl(option, value uintptr) error {
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0); e != 0 {
		return e
	}
	return nil
}

// deniedInContainers are system calls of linux/amd64 that the default profiles of Docker and containerd
// leave out, by their numbers: ptrace is among those that they allow.
func deniedInContainers() []rule {
	var rules []rule
	for _, number := range []uint32{
		135, 139, 153, 155, 156, 161, 163, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178,
		179, 180, 212, 237, 238, 239, 246, 248, 249, 250, 256, 272, 278, 279, 298, 300, 304, 308, 312, 313, 320, 321,
		323, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442,
	} {
		rules = append(rules, rule{number: number})
	}
	return rules
}

// rule denies a system call; with bit, only if its third argument has the bit.
type rule struct {
	number uint32
	bit    uint32
}

// instruction is one of a classic BPF program.
type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// Opcodes of BPF, offsets in struct seccomp_data, and what a filter can return.
const (
	loadWord    = 0x20
	jumpEqual   = 0x15
	jumpBits    = 0x45
	giveBack    = 0x06
	atNumber    = 0
	atThird     = 32
	actionErrno = 0x00050000
	actionAllow = 0x7fff0000
)

// deny makes the system calls fail with EPERM in all threads, for ever.
func deny(rules []rule) error {
	var program []instruction
	for _, r := range rules {
		program = append(program,
			instruction{loadWord, 0, 0, atNumber},
			instruction{jumpEqual, 0, 3, r.number},
			instruction{loadWord, 0, 0, atThird})
		if r.bit == 0 {
			program = append(program, instruction{jumpEqual, 0, 0, 0}) // either way
		} else {
			program = append(program, instruction{jumpBits, 0, 1, r.bit})
		}
		program = append(program, instruction{giveBack, 0, 0, actionErrno | uint32(syscall.EPERM)})
	}
	program = append(program, instruction{giveBack, 0, 0, actionAllow})
	arg := struct {
		n    uint16
		list *instruction
	}{uint16(len(program)), &program[0]}
	runtime.LockOSThread() // the first right is one of a thread, and the second call asks for it
	defer runtime.UnlockOSThread()
	if err := prctl(prSetNoNewPrivs, 1); err != nil {
		return err
	}
	const (
		seccomp           = 317
		setModeFilter     = 1
		filterFlagThreads = 1 // all threads of the process
	)
	_, _, e := syscall.RawSyscall(seccomp, setModeFilter, filterFlagThreads, uintptr(unsafe.Pointer(&arg)))
	runtime.KeepAlive(program)
	if e != 0 {
		return e
	}
	return nil
}

// crowd maps every gap within reach of the code.
func crowd() error {
	const (
		lowest  = 1 << 20
		highest = 5 << 30
	)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	at := uint64(lowest)
	for lines := bufio.NewScanner(strings.NewReader(string(maps))); lines.Scan(); {
		var lo, hi uint64
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &lo, &hi); err != nil {
			return err
		}
		if lo > highest {
			break
		}
		if lo > at {
			if err := occupy(at, lo); err != nil {
				return err
			}
		}
		at = max(at, hi)
	}
	return occupy(at, highest)
}

func occupy(lo, hi uint64) error {
	const fixedNoReplace = 0x100000
	flags := uintptr(syscall.MAP_PRIVATE | syscall.MAP_ANON | syscall.MAP_NORESERVE | fixedNoReplace)
	if _, _, e := syscall.RawSyscall6(syscall.SYS_MMAP, uintptr(lo), uintptr(hi-lo), syscall.PROT_NONE, flags, ^uintptr(0), 0); e != 0 {
		return fmt.Errorf("%#x-%#x: %w", lo, hi, e)
	}
	return nil
}

// limitMemory forbids mapping more than some kilobytes more, or allows it again.
func limitMemory(on bool, slack uint64) error {
	const infinite = ^uint64(0)
	limit := infinite
	if on {
		growHeap()
		status, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			return err
		}
		var pages uint64
		if _, err := fmt.Sscan(string(status), &pages); err != nil {
			return err
		}
		limit = pages*uint64(os.Getpagesize()) + slack<<10
	}
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: infinite})
}

// growHeap gives the heap addresses to grow into. Where the first ones lie is random, and how many they are with that. What
// the runtime notes of memory it keeps by the size of objects, and maps when the first ones of a size are there.
func growHeap() {
	const most, each = 32 << 10, 128 << 10
	for range 2 {
		var kept []any
		for size := 16; size <= most; size += max(8, size/8&^7) {
			for n := 0; n < each; n += size {
				kept = append(kept, make([]byte, size), make([]*byte, size/8))
			}
		}
		runtime.GC()
		runtime.KeepAlive(kept)
	}
	runtime.KeepAlive(make([]byte, 16<<20))
	runtime.GC()
}

// limitFiles forbids opening any file, or allows it again.
func limitFiles(on bool) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur = limit.Max; on {
		limit.Cur = 0
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
