package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// shared is read while it is exchanged. Its values lie in one string, so that half of the one and half of the
// other is still memory that may be read.
var (
	letters = "abcdefghijklmnopqrstuvwxyz"
	shared  = letters[:3]
	other   = letters[10:25]
)

func swapShared() { shared, other = other, shared }

// reads reads shared, and returns 1 when it is neither value.
//
//go:noinline
func reads(first, second string) int {
	if s := shared; !(len(s) == len(first) && s[0] == first[0]) && !(len(s) == len(second) && s[0] == second[0]) {
		return 1
	}
	return 0
}

// exchange has a goroutine read a string all the time while it is exchanged. With the check it never sees half of
// it; without it does, or the check would be for nothing.
func exchange(p *locate.Program) {
	e := armed(p)
	// exchanges returns how often half of a string was seen.
	exchanges := func(o splice.Options) int {
		var stop atomic.Bool
		done := make(chan int)
		go func() {
			torn := 0
			for !stop.Load() {
				torn += reads(letters[:3], letters[10:25])
			}
			done <- torn
		}()
		o.Exchange, o.Timeout = []func(){swapShared}, time.Minute
		for range 200 {
			_, err := e.Switch(context.Background(), nil, o)
			noError(err)
		}
		stop.Store(true)
		return <-done
	}
	torn := exchanges(splice.Options{Whole: []splice.Range{p.Body("main.oldLoop"), p.Body("main.reads")}})
	expect(torn == 0, "half of a string was seen %d times", torn)
	if emulated {
		return // its threads hardly ever stop between two loads
	}
	for try := 0; exchanges(splice.Options{}) == 0; try++ {
		expect(try < 100, "half of a string was never seen without the check: what is it for?")
	}
}

// exchangeWaits has a goroutine stand where the exchange must not be made.
func exchangeWaits(p *locate.Program) {
	e := armed(p)
	var stop uint32
	done := make(chan int)
	go func() { done <- oldLoop(&stop) }()
	time.Sleep(10 * time.Millisecond)
	w := p.Redirect("main.oldAnswer", "main.newAnswer")
	before := shared
	for _, o := range []splice.Options{
		{Whole: []splice.Range{p.Body("main.reads"), p.Body("main.oldLoop")}},
		{WholeCode: true},
	} {
		o.Exchange, o.Timeout = []func(){swapShared}, 100*time.Millisecond
		_, err := e.Switch(context.Background(), []splice.Write{w}, o)
		busy := (*splice.ErrBusy)(nil)
		expect(errors.As(err, &busy) && busy.Interrupted == 1 && busy.Funcs[0].Name == "main.oldLoop", "error %v", err)
		expect(shared == before && oldAnswer(1) == 2, "half of it was done")
	}
	atomic.StoreUint32(&stop, 1)
	<-done
	_, err := e.Switch(context.Background(), []splice.Write{w}, splice.Options{Exchange: []func(){swapShared}, WholeCode: true})
	noError(err)
	expect(shared != before && oldAnswer(1) == 3, "not done")
	_, err = e.Switch(context.Background(), []splice.Write{locate.Back(w)}, splice.Options{Exchange: []func(){swapShared}})
	noError(err)
	expect(shared == before && oldAnswer(1) == 2, "not taken back")
}
