// Command program has many ways that a value takes. It answers requests on standard input about one
// of them.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gosplice/gosplice"

	"program/run"
)

// way is one of the generated packages.
type way struct {
	run, idle func()
	kept      func() []int // the numbers of the values that it kept, as they are now
}

var (
	chosen way
	gates  []run.Gate
	done   = make(chan int)
)

func main() {
	if err := gosplice.Start(gosplice.WithSocketDir(os.Getenv("KEPT_SOCKETS"))); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(answer(in.Text()))
	}
}

func answer(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(rest)
	if err != nil {
		return err.Error()
	}
	switch verb {
	case "way":
		chosen = ways[n]
		return "ok"
	case "idle":
		return park(n, chosen.idle)
	case "park":
		return park(n, chosen.run)
	case "open":
		gates[n] <- 1
		<-done
		return "ok"
	case "call":
		before := len(run.Noted())
		run.From(n)
		chosen.run()
		return fmt.Sprint(run.Total(), " kept ", len(run.Noted())-before)
	case "settle":
		settle()
		return "ok"
	case "check":
		return check()
	}
	return "no such request"
}

// park starts a goroutine that blocks at a hop, or ends if it does not come there.
func park(hop int, f func()) string {
	run.Stop(hop)
	go func() {
		f()
		deep(20)
		done <- 1
	}()
	select {
	case gate := <-run.Parked:
		gates = append(gates, gate)
		return "parked"
	case <-done:
		run.Stop(-1)
		return "passed"
	}
}

// check compares the numbers of what is kept with those that were told when it was.
func check() string {
	now, noted := chosen.kept(), slices.Clone(run.Noted())
	slices.Sort(now)
	slices.Sort(noted)
	if !slices.Equal(now, noted) {
		return fmt.Sprint("kept ", noted, " which is now ", now)
	}
	return fmt.Sprint("ok ", len(now))
}

// deep makes the stack grow and fills it with a pattern.
//
//go:noinline
func deep(n int) int {
	var p [200]int
	for i := range p {
		p[i] = 0xbad
	}
	if n > 0 {
		return deep(n-1) + p[n]
	}
	return p[7]
}

// settle frees what nobody refers to and fills free stacks, small and large, with a pattern.
func settle() {
	for range 3 {
		runtime.GC()
	}
	for _, depth := range []int{0, 3, 12} {
		var wait sync.WaitGroup
		for range 300 {
			wait.Go(func() {
				fill(depth)
				runtime.Gosched()
			})
		}
		wait.Wait()
	}
	runtime.GC()
}

//go:noinline
func fill(n int) int {
	var p [100]int
	for i := range p {
		p[i] = 0xbad
	}
	if n > 0 {
		return fill(n-1) + p[n]
	}
	return p[7]
}
