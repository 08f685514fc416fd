// Command bench measures switches and calls in its own process and prints the figures as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/entries"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

func main() {
	functions := flag.Int("functions", 1, "entries to switch at once")
	goroutines := flag.Int("goroutines", 2, "goroutines: two that compute, the others parked")
	toggles := flag.Int("toggles", 100, "switches to measure")
	quiesce := flag.Bool("quiesce", false, "look at all frames too")
	calls := flag.Bool("calls", false, "measure calls instead")
	flag.Parse()
	runtime.KeepAlive(keep)
	p, err := locate.Self()
	exitOn(err)
	e, err := p.Arm()
	exitOn(err)
	var result any
	if *calls {
		result = measureCalls(p, e)
	} else {
		startGoroutines(*goroutines)
		result = measureSwitches(p, e, *functions, *toggles, *quiesce)
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(result))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

var keep = []any{newCall, entries.All}

var never = make(chan bool)

//go:noinline
func park() { <-never }

//go:noinline
func compute() {
	for n := 1; ; n++ {
		work(n)
	}
}

//go:noinline
func work(n int) int { return n * n }

func startGoroutines(n int) {
	for i := range n {
		if i < 2 {
			go compute()
		} else {
			go park()
		}
	}
	time.Sleep(time.Duration(n) * 5 * time.Microsecond)
	runtime.GC()
}

// Switches are times of the world standing still, in nanoseconds, and stops needed in all.
type Switches struct {
	P50, P99, Max, ScanP50 float64
	Attempts               int
}

func measureSwitches(p *locate.Program, e *splice.Engine, functions, toggles int, quiesce bool) Switches {
	writes := entries.Writes(p, functions, p.Addr("main.newCall"))
	o := splice.Options{Timeout: time.Minute}
	if quiesce {
		o.Quiesce = []splice.Range{p.Body("main.oldCall")}
	}
	var pauses, scans []time.Duration
	var s Switches
	for range toggles {
		stats, err := e.Switch(context.Background(), writes, o)
		exitOn(err)
		pauses, scans = append(pauses, stats.Pause), append(scans, stats.Scan)
		s.Attempts += stats.Attempts
		for i, w := range writes {
			writes[i].Old, writes[i].New = w.New, w.Old
		}
		time.Sleep(200 * time.Microsecond)
	}
	slices.Sort(pauses)
	slices.Sort(scans)
	s.P50, s.P99, s.Max = float64(pauses[toggles/2]), float64(pauses[toggles*99/100]), float64(pauses[toggles-1])
	s.ScanP50 = float64(scans[toggles/2])
	return s
}

//go:noinline
func oldCall(x int) int { return x + 1 }

//go:noinline
func newCall(x int) int { return x + 2 }

// Another function with the body of oldCall, to be called directly.
//
//go:noinline
func directCall(x int) int { return x + 2 }

var variable = directCall

// Calls are times of one call in nanoseconds, each the least of many rounds.
type Calls struct{ Direct, Redirected, Variable float64 }

func measureCalls(p *locate.Program, e *splice.Engine) Calls {
	_, err := e.Switch(context.Background(), []splice.Write{p.Redirect("main.oldCall", "main.newCall")}, splice.Options{})
	exitOn(err)
	if oldCall(1) != 3 {
		exitOn(fmt.Errorf("not redirected"))
	}
	const n = 1_000_000
	least := Calls{1e9, 1e9, 1e9}
	for range 200 {
		x := 0
		began := time.Now()
		for range n {
			x = directCall(x)
		}
		least.Direct = min(least.Direct, float64(time.Since(began))/n)
		began = time.Now()
		for range n {
			x = oldCall(x)
		}
		least.Redirected = min(least.Redirected, float64(time.Since(began))/n)
		f := variable
		began = time.Now()
		for range n {
			x = f(x)
		}
		least.Variable = min(least.Variable, float64(time.Since(began))/n)
	}
	return least
}
