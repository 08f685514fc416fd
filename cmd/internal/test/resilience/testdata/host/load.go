package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	workers  = 2
	versions = 3 // the release, and what edits make of answer
)

// ledger is the state that has to survive: how many answers each worker got, and how many all did.
var ledger struct {
	sync.Mutex
	changed *sync.Cond
	of      map[int]int // by worker
	all     int
}

// report is what the workers saw since the program started.
type report struct {
	Answers    [versions]int64 // by version
	All        int             // in the ledger
	Goroutines int
	Wrong      int64
	First      string // wrong answer, in words
}

var (
	answers    [versions]atomic.Int64
	wrong      atomic.Int64
	firstWrong atomic.Pointer[string]
)

func startWorkers(full bool) {
	ledger.changed = sync.NewCond(&ledger)
	ledger.of = make(map[int]int)
	for id := range workers {
		go work(id, full)
	}
}

// work asks for answers, for ever. With full it never pauses.
func work(id int, full bool) {
	for n := 0; ; n++ {
		version, value := answer(n)
		if version < 0 || version >= versions || value != 3*n+1000*version {
			complain("answer(%d) = %d, %d", n, version, value)
			continue
		}
		answers[version].Add(1)
		post(id, n)
		if !full && n%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// post enters an answer into the ledger, whose entries have to agree before and after. An
// initialiser of an edit takes its lock.
func post(id, n int) {
	ledger.Lock()
	defer ledger.Unlock()
	sum := 0
	for _, m := range ledger.of {
		sum += m
	}
	if ledger.of[id] != n || sum != ledger.all {
		complain("worker %d has %d answers in the ledger instead of %d, all have %d instead of %d", id, ledger.of[id], n, ledger.all, sum)
	}
	ledger.of[id]++
	ledger.all++
	ledger.changed.Broadcast()
}

func complain(format string, args ...any) {
	wrong.Add(1)
	text := fmt.Sprintf(format, args...)
	firstWrong.CompareAndSwap(nil, &text)
}

// await waits until each worker got n more answers, and returns a report.
func await(n int) string {
	ledger.Lock()
	for id := range workers {
		for until := ledger.of[id] + n; ledger.of[id] < until; {
			ledger.changed.Wait()
		}
	}
	r := report{All: ledger.all, Goroutines: runtime.NumGoroutine(), Wrong: wrong.Load()}
	ledger.Unlock()
	for v := range r.Answers {
		r.Answers[v] = answers[v].Load()
	}
	if first := firstWrong.Load(); first != nil {
		r.First = *first
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
