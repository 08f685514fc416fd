package splice

import (
	"time"
	"unsafe"
)

// worldStop mirrors runtime.worldStop, which stopTheWorld returns and startTheWorld takes. It and the
// signatures of both are the same in Go 1.22 to 1.27.
type worldStop struct {
	//lint:ignore U1000 the runtime writes and reads it
	reason           uint8
	startedStopping  int64 // ns
	finishedStopping int64 // ns
	//lint:ignore U1000 as above
	stoppingCPUTime int64
}

// reasonUnknown is the first value of runtime.stwReason; the others differ between releases.
const reasonUnknown = 0

// world stops and starts all goroutines but the calling one.
//
// Between pause and resume the caller must not allocate (an assist for the garbage collector could
// block for ever), take a lock (its holder may be stopped), or block; system calls must be raw. The
// runtime keeps it on its thread, does not preempt it, and can still grow its stack.
//
// What else runs during a stop: threads in C, in system calls and on their way out of them up to
// runtime.exitsyscall, runtime.sysmon, and signal handlers. All of that is code of C, the runtime and
// package syscall, which a switch refuses to replace.
type world struct {
	stop     func(reason uint8) worldStop
	start    func(worldStop)
	forEachG func(visit func(g unsafe.Pointer))
}

// pause is a stop in progress.
type pause struct {
	state    worldStop
	since    time.Time
	stopping time.Duration // from the request to stop until everything had stopped
}

func (w *world) pause() pause {
	growStack()
	s := w.stop(reasonUnknown)
	return pause{state: s, since: time.Now(), stopping: time.Duration(s.finishedStopping - s.startedStopping)}
}

// resume starts the world and returns how long the program stood still.
func (w *world) resume(p pause) time.Duration {
	w.start(p.state)
	return p.stopping + time.Since(p.since)
}

// growStack makes room on the stack, so that it rarely has to grow while the world is stopped.
func growStack() {
	var room [16 << 10]byte
	occupy(&room)
}

//go:noinline
func occupy(*[16 << 10]byte) {}
