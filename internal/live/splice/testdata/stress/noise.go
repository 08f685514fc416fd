package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"syscall"
	"time"
)

// startNoise starts everything that makes switching hard: a garbage collector that never rests, the
// CPU profiler, the execution tracer, signals to every thread, and stacks that grow.
func startNoise() (stop func()) {
	debug.SetGCPercent(1)
	exitOn(pprof.StartCPUProfile(io.Discard))
	exitOn(trace.Start(io.Discard))
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGWINCH)
	go func() {
		for range signals {
		}
	}()
	stopStorm := func() {}
	if os.Getenv("SPLICE_EMULATED") == "" {
		storm := exec.Command("/proc/self/exe", "-storm", strconv.Itoa(os.Getpid()))
		exitOn(storm.Start())
		stopStorm = func() {
			storm.Process.Kill()
			storm.Wait()
		}
	} else { // an emulated program can't run itself
		go sendSignals(os.Getpid())
	}
	go allocate()
	go growStacks()
	return func() {
		stopStorm()
		trace.Stop()
		pprof.StopCPUProfile()
	}
}

// allocate keeps the garbage collector busy.
func allocate() {
	var kept [][]byte
	for i := 0; ; i++ {
		kept = append(kept, make([]byte, 100+i%2000))
		if len(kept) > 5000 {
			kept = nil
			time.Sleep(time.Millisecond)
		}
	}
}

// growStacks starts goroutines whose stacks grow and shrink.
func growStacks() {
	for {
		done := make(chan int)
		go func() { done <- deep(500) }()
		<-done
		runtime.Gosched()
	}
}

//go:noinline
func deep(n int) int {
	var room [100]byte
	if n == 0 {
		return int(room[n])
	}
	return deep(n-1) + 1 + int(room[n%100])
}

// sendSignals sends signals to all threads of a process until it or its parent ends.
func sendSignals(pid int) {
	const prSetDeathSignal = 1
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetDeathSignal, uintptr(syscall.SIGKILL), 0)
	kinds := []syscall.Signal{syscall.SIGURG, syscall.SIGUSR1, syscall.SIGWINCH}
	for n := 0; ; n++ {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			os.Exit(0)
		}
		for range 20 {
			for i, t := range threads {
				tid, _ := strconv.Atoi(t.Name())
				syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(tid), uintptr(kinds[(n+i)%len(kinds)]))
			}
			n++
			time.Sleep(200 * time.Microsecond)
		}
	}
}
