package splice

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// selfTestPrefix begins the names of the functions that arming changes.
const selfTestPrefix = "github.com/gosplice/gosplice/internal/live/splice.selfTest"

//go:noinline
func selfTestOld() int { return 1 }

//go:noinline
func selfTestNew() int { return 2 }

// selfTestLoop runs until it is told to stop, for at most some 50 ms. It is a leaf without a
// frame, which only a signal can stop.
//
//go:noinline
func selfTestLoop(stop *uint32) int {
	n := 0
	for atomic.LoadUint32(stop) == 0 && n < 1<<26 {
		n++
	}
	return n
}

// selfTest shows that the engine sees goroutines as they are and that what it writes takes effect.
func (e *Engine) selfTest() error {
	if err := e.testGoroutines(); err != nil {
		return err
	}
	if err := e.testInterrupted(); err != nil {
		return err
	}
	err := e.testSwitch()
	if errors.Is(err, errNoEffect) && e.writer.mode == modeProcMem {
		// An emulator keeps what it has translated until the program writes there itself.
		if e.writer.useMprotect(entryOf(selfTestOld)) == nil {
			err = e.testSwitch()
		}
	}
	return err
}

var errNoEffect = errors.New("this system can't change running code")

// testGoroutines checks that every goroutine looks like one: a wrong offset shows in one of them. Some
// may have a frame pointer of C or assembly, but not most.
func (e *Engine) testGoroutines() error {
	seen, wrong, parked, strayFrames := 0, 0, 0, 0
	visit := func(p unsafe.Pointer) {
		g := uint64(uintptr(p))
		seen++
		status, stack := e.at.statusOf(g), e.at.stackOf(g)
		if status >= statusLimit || e.at.asyncOf(g) > 1 || stack.Lo > stack.Hi {
			wrong++
			return
		}
		if status != statusRunnable && status != statusWaiting && status != statusPreempted {
			return
		}
		parked++
		if !stack.holds(e.at.spOf(g), 0) {
			wrong++
		}
		if bp := e.at.bpOf(g); bp != 0 && !stack.contains(bp) {
			strayFrames++
		}
	}
	p := e.world.pause()
	e.world.forEachG(visit)
	e.world.resume(p)
	if wrong > 0 || parked == 0 || strayFrames > parked/2 {
		return fmt.Errorf("of %d goroutines %d do not look like goroutines and %d have no frames: make the patch for this build of the program", seen, wrong, strayFrames)
	}
	return nil
}

// testInterrupted checks that a goroutine which a signal stopped in a loop is found there.
func (e *Engine) testInterrupted() error {
	if strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=1") {
		return nil // then no goroutine ever stands where it would matter
	}
	loop := bodyOf(entryOf(selfTestLoop), e.text.Hi)
	writes := []Write{{Addr: loop.Lo, Busy: patch.Busy{Hi: uint32(loop.Hi - loop.Lo)}}}
	const tries = 100
	for range tries {
		check := e.newEntryCheck(writes, Options{}, e.code())
		started, done := make(chan bool), make(chan bool)
		var stop uint32
		go func() {
			started <- true
			selfTestLoop(&stop)
			done <- true
		}()
		<-started
		runtime.Gosched()
		p := e.world.pause()
		check.run(&e.world)
		e.world.resume(p)
		atomic.StoreUint32(&stop, 1)
		<-done
		if check.counts[0] == 1 {
			return nil
		}
	}
	return errors.New("self-test: a goroutine in a loop was not found there: make the patch for this build of the program")
}

// testSwitch redirects a function, calls it, and takes that back.
func (e *Engine) testSwitch() error {
	entry := entryOf(selfTestOld)
	was := [8]byte(bytesAt(entry, wordSize))
	jump, ok := JumpOver(was, entry, entryOf(selfTestNew))
	if !ok || entry%wordSize != 0 {
		return errors.New("self-test: a jump inside gosplice's own code is not possible: please report this")
	}
	before := selfTestOld()
	w := Write{Addr: entry, Old: was, New: jump, Busy: patch.Busy{Hi: uint32(wordSize)}, Name: "gosplice's self-test"}
	o := Options{Timeout: 5 * time.Second}
	if _, err := e.Switch(context.Background(), []Write{w}, o); err != nil {
		return fmt.Errorf("self-test: %w", err)
	}
	during := selfTestOld()
	w.Old, w.New, w.Busy = jump, was, patch.Busy{}
	if _, err := e.Switch(context.Background(), []Write{w}, o); err != nil {
		return fmt.Errorf("self-test: %w", err)
	}
	if after := selfTestOld(); before != 1 || during != 2 || after != 1 {
		return fmt.Errorf("self-test: a redirected function returned %d instead of 2 and %d instead of 1 afterwards: %w", during, after, errNoEffect)
	}
	return nil
}
