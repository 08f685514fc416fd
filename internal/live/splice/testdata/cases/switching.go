package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/entries"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

func switchRefuses(p *locate.Program) {
	e := armed(p)
	good := p.Redirect("main.oldAnswer", "main.newAnswer")
	wrong := map[string]splice.Write{}
	add := func(what string, change func(w *splice.Write)) {
		w := p.Redirect("main.oldLoop", "main.newLoop")
		change(&w)
		wrong[what] = w
	}
	add("other old code", func(w *splice.Write) { w.Old[7]++ })
	add("unaligned", func(w *splice.Write) { w.Addr += 4 })
	add("before the code", func(w *splice.Write) { w.Addr = p.Text - 8 })
	add("after the code", func(w *splice.Write) { w.Addr = (p.Etext + 7) &^ 7 })
	add("wraps around", func(w *splice.Write) { w.Addr = ^uint64(7) })
	wrong["twice"] = good
	for _, name := range []string{"runtime.mallocgc", "runtime.stopTheWorld", "syscall.Syscall", "syscall.RawSyscall6", "syscall.rawVforkSyscall.abi0", "github.com/gosplice/gosplice/internal/live/splice.(*Engine).Switch"} {
		wrong[name] = p.Redirect(name, "main.newAnswer")
	}
	for what, w := range wrong {
		_, err := e.Switch(context.Background(), []splice.Write{w, good}, splice.Options{})
		expect(err != nil && !strings.Contains(err.Error(), "\n"), "%s: error %v", what, err)
		expect(oldAnswer(1) == 2, "%s: something was written", what)
	}
	_, err := e.Switch(context.Background(), []splice.Write{good}, splice.Options{Quiesce: []splice.Range{{Lo: 5, Hi: 5}}})
	expect(err != nil, "an empty range")
	_, err = e.Switch(context.Background(), []splice.Write{good}, splice.Options{Quiesce: []splice.Range{{Lo: 5, Hi: 9}, {Lo: 8, Hi: 10}}})
	expect(err != nil, "overlapping ranges")
	_, err = e.Switch(context.Background(), nil, splice.Options{})
	noError(err)
	toggle(p, e)
}

// switchUndo has the write of one of many pages fail.
func switchUndo(p *locate.Program) {
	e := armed(p)
	for _, failing := range []int{0, 1, 40, 79} {
		writes := entries.Writes(p, entries.Count, p.Addr("main.newAnswer"))
		writes = append(writes, p.Redirect("main.oldAnswer", "main.newAnswer"))
		failWrite(failing)
		_, err := e.Switch(context.Background(), writes, splice.Options{})
		expect(err != nil && strings.Contains(err.Error(), "nothing changed"), "error %v", err)
		for _, w := range writes {
			expect(locate.Word(w.Addr) == w.Old, "%s is left changed", w.Name)
		}
		expect(oldAnswer(1) == 2, "the switch was not undone")
	}
	failWrite(-1)
	toggle(p, e)
}

// oldLoop can be stopped at any instruction, and its loop leads back to its first bytes.
//
//go:noinline
func oldLoop(stop *uint32) int {
	for *stop == 0 {
	}
	return 1
}

//go:noinline
func newLoop(stop *uint32) int { return 2 }

func switchSpinning(p *locate.Program) {
	e := armed(p)
	var stop uint32
	done := make(chan int)
	go func() { done <- oldLoop(&stop) }()
	var ticks atomic.Int64
	go func() {
		for {
			ticks.Add(1)
			time.Sleep(time.Millisecond)
		}
	}()
	time.Sleep(10 * time.Millisecond)
	writes := []splice.Write{p.Redirect("main.oldAnswer", "main.newAnswer"), p.Redirect("main.oldLoop", "main.newLoop")}
	for _, o := range []splice.Options{{Attempts: 20, Timeout: time.Minute}, {Timeout: patience}} {
		stats, err := e.Switch(context.Background(), writes, o)
		busy := (*splice.ErrBusy)(nil)
		expect(errors.As(err, &busy), "error %v", err)
		expect(len(busy.Funcs) == 1 && busy.Funcs[0].Name == "main.oldLoop" && busy.Funcs[0].Count == 1, "in the way: %v", busy)
		expect(strings.Contains(err.Error(), "main.oldLoop (1)") && !strings.Contains(err.Error(), "\n"), "error %v", err)
		expect(stats.Attempts > 1 && (o.Attempts == 0 || stats.Attempts == o.Attempts), "%d attempts", stats.Attempts)
		expect(oldAnswer(1) == 2, "half of it was switched")
	}
	before := ticks.Load()
	time.Sleep(50 * time.Millisecond)
	expect(ticks.Load() > before, "the program stands still")
	atomic.StoreUint32(&stop, 1)
	expect(<-done == 1, "the old loop went wrong")
	_, err := e.Switch(context.Background(), writes, splice.Options{})
	noError(err)
	stop = 0
	expect(oldAnswer(1) == 3 && oldLoop(&stop) == 2, "not switched")
}

func switchCancelled(p *locate.Program) {
	e := armed(p)
	var stop uint32
	go oldLoop(&stop)
	time.Sleep(10 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err := e.Switch(ctx, []splice.Write{p.Redirect("main.oldLoop", "main.newLoop")}, splice.Options{Timeout: time.Hour})
	expect(errors.Is(err, context.DeadlineExceeded), "error %v", err)
	_, err = e.Switch(ctx, []splice.Write{p.Redirect("main.oldAnswer", "main.newAnswer")}, splice.Options{})
	expect(errors.Is(err, context.DeadlineExceeded) && oldAnswer(1) == 2, "error %v", err)
	atomic.StoreUint32(&stop, 1)
}

// oldHolds has a frame while it waits.
//
//go:noinline
func oldHolds(entered chan<- bool, release <-chan bool) int {
	entered <- true
	<-release
	return 1
}

//go:noinline
func newHolds(entered chan<- bool, release <-chan bool) int { return 2 }

func quiesce(p *locate.Program) {
	e := armed(p)
	entered, release, done := make(chan bool), make(chan bool), make(chan int)
	for range 3 {
		go func() { done <- oldHolds(entered, release) }()
		<-entered
	}
	body := p.Body("main.oldHolds")
	w := p.Redirect("main.oldHolds", "main.newHolds")
	_, err := e.Switch(context.Background(), []splice.Write{w}, splice.Options{Timeout: 30 * time.Millisecond, Quiesce: []splice.Range{body}})
	busy := (*splice.ErrBusy)(nil)
	expect(errors.As(err, &busy) && busy.Quiesce, "error %v", err)
	expect(len(busy.Funcs) == 1 && busy.Funcs[0] == splice.BusyFunc{Name: "main.oldHolds", Count: 3}, "in the way: %+v", busy.Funcs)

	switched := make(chan error)
	go func() {
		_, err := e.Switch(context.Background(), []splice.Write{w}, splice.Options{Timeout: time.Minute, Quiesce: []splice.Range{body}})
		switched <- err
	}()
	for range 3 {
		select {
		case err := <-switched:
			expect(false, "switched too early: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		release <- true
		expect(<-done == 1, "the old code went wrong")
	}
	noError(<-switched)
	expect(oldHolds(nil, nil) == 2, "not switched")
	_, err = e.Switch(context.Background(), []splice.Write{locate.Back(w)}, splice.Options{Quiesce: []splice.Range{p.Body("main.newHolds")}})
	noError(err)
}

// oldAsks asks for its own replacement.
//
//go:noinline
func oldAsks(e *splice.Engine, w splice.Write, body splice.Range) error {
	_, err := e.Switch(context.Background(), []splice.Write{w}, splice.Options{Timeout: time.Hour, Quiesce: []splice.Range{body}})
	return err
}

func quiesceSelf(p *locate.Program) {
	e := armed(p)
	w := p.Redirect("main.oldAnswer", "main.newAnswer")
	err := oldAsks(e, w, p.Body("main.oldAsks"))
	busy := (*splice.ErrBusy)(nil)
	expect(errors.As(err, &busy) && len(busy.Funcs) == 1 && busy.Funcs[0].Self && busy.Funcs[0].Name == "main.oldAsks", "error %v", err)
	// Without quiescence a function may ask for its own replacement.
	_, err = e.Switch(context.Background(), []splice.Write{w}, splice.Options{})
	noError(err)
	w = p.Redirect("main.oldAsks", "main.newAnswer")
	w.New, w.Busy = w.Old, patch.Busy{}
	_, err = e.Switch(context.Background(), []splice.Write{w}, splice.Options{})
	noError(err)
}
