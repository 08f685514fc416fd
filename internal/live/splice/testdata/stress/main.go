// Command stress switches its own functions back and forth while goroutines call them, and reports
// as JSON what happened. It ends with status 1 when a call returned what neither version returns, or
// a version that was not in force.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// Report is what the program prints at the end.
type Report struct {
	Mode                         string
	Functions                    int
	Toggles, Attempts            int
	MaxAttempts                  int
	Calls, Certain, Wrong        int64
	Missing                      []string // calls that were not seen in both versions
	Goroutines                   int
	PauseP50, PauseP99, PauseMax time.Duration
}

func main() {
	toggles := flag.Int("toggles", 1000, "how often to switch")
	workers := flag.Int("workers", 8, "goroutines that call targets")
	parked := flag.Int("parked", 0, "goroutines that wait for ever")
	quiet := flag.Bool("quiet", false, "no garbage collector, profiler, tracer, signals and growing stacks")
	storm := flag.Int("storm", 0, "send signals to this process for ever")
	noCheck := flag.Bool("nocheck", false, "switch without looking at goroutines, to show why that is needed")
	noMem := flag.Bool("nomem", false, "have the engine write code by mprotect: no /proc/self/mem")
	flag.Parse()
	if *storm != 0 {
		sendSignals(*storm)
	}
	p, err := locate.Self()
	exitOn(err)
	if *noMem {
		exitOn(locate.Deny(syscall.SYS_PWRITE64))
	}
	e, err := p.Arm()
	exitOn(err)
	if *noCheck {
		breakCheck()
	}
	if !*quiet {
		defer startNoise()()
	}
	for range *parked {
		go park()
	}
	startForeign()
	runtime.KeepAlive(keep)
	report := run(e, writes(p), *workers, *toggles)
	report.Mode = e.WriteMode()
	exitOn(json.NewEncoder(os.Stdout).Encode(report))
	if report.Wrong > 0 {
		os.Exit(1)
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

var never = make(chan bool)

//go:noinline
func park() { <-never }

// writes are the redirections of all pairs.
func writes(p *locate.Program) []splice.Write {
	var all []splice.Write
	for _, pair := range pairs {
		all = append(all, p.Redirect(inMain(pair[0]), inMain(pair[1])))
	}
	return all
}

func inMain(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return "main." + name
}

// run switches back and forth while workers run.
func run(e *splice.Engine, writes []splice.Write, workers, toggles int) Report {
	var stop atomic.Bool
	var done sync.WaitGroup
	all := make([]worker, workers)
	for i := range all {
		done.Go(func() { all[i].run(&stop) })
	}
	r := Report{Functions: len(writes), Toggles: toggles}
	pauses := make([]time.Duration, 0, toggles)
	for range toggles {
		sequence.Add(1)
		stats, err := e.Switch(context.Background(), writes, splice.Options{Timeout: time.Minute})
		exitOn(err)
		sequence.Add(1)
		r.Attempts += stats.Attempts
		r.MaxAttempts = max(r.MaxAttempts, stats.Attempts)
		r.Goroutines = max(r.Goroutines, stats.Goroutines)
		pauses = append(pauses, stats.Pause)
		for i, w := range writes {
			writes[i].Old, writes[i].New = w.New, w.Old // checked both ways, which is more than restoring needs
		}
		runtime.Gosched()
	}
	stop.Store(true)
	done.Wait()
	r.collect(all)
	slices.Sort(pauses)
	r.PauseP50, r.PauseP99, r.PauseMax = pauses[len(pauses)/2], pauses[len(pauses)*99/100], pauses[len(pauses)-1]
	return r
}

// collect adds up what the workers saw.
func (r *Report) collect(all []worker) {
	seen := map[string]int{}
	for i := range all {
		r.Calls += all[i].calls
		r.Certain += all[i].certain
		r.Wrong += all[i].wrong
		for name, versions := range all[i].seen {
			seen[name] |= versions
		}
	}
	for name, versions := range seen {
		if versions&3 != 3 {
			r.Missing = append(r.Missing, name)
		}
	}
	slices.Sort(r.Missing)
}
