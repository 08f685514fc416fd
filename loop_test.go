package gosplice_test

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice"
)

func ExampleLoop() {
	n := 0
	for range gosplice.Loop {
		if n++; n == 3 {
			break
		}
	}
	fmt.Println(n)
	// Output: 3
}

func ExampleWhile() {
	scanner := bufio.NewScanner(strings.NewReader("one\ntwo"))
	for range gosplice.While(func() bool { return scanner.Scan() }) {
		fmt.Println(scanner.Text())
	}
	// Output:
	// one
	// two
}

func ExampleReceive() {
	jobs := make(chan string, 2)
	jobs <- "mail"
	jobs <- "report"
	close(jobs)
	for job := range gosplice.Receive(jobs) {
		fmt.Println(job)
	}
	// Output:
	// mail
	// report
}

// TestLoopStatements has each statement that leaves a turn or a loop beside a plain loop, which has to do the same.
func TestLoopStatements(t *testing.T) {
	var said []string
	say := func(s string) { said = append(said, s) }
	plain := func(leave int) (n int, text string) {
		defer func() { say("deferred at the start") }()
	outer:
		for i := range 3 {
			for {
				n++
				switch {
				case leave == 1 && n > 2:
					return n, "returned"
				case leave == 2 && n > 2:
					break outer
				case leave == 3 && n%3 == 1:
					continue outer
				case leave == 4 && n > 4:
					goto end
				case leave == 5 && n > 1:
					defer func() { say(fmt.Sprint("deferred ", n)) }()
				}
				if n%2 == 0 {
					continue
				}
				if n > 6+i {
					break
				}
			}
		}
		return n, "left"
	end:
		return -n, "went"
	}
	rewritten := func(leave int) (n int, text string) {
		defer func() { say("deferred at the start") }()
	outer:
		for i := range 3 {
			for range gosplice.Loop {
				n++
				switch {
				case leave == 1 && n > 2:
					return n, "returned"
				case leave == 2 && n > 2:
					break outer
				case leave == 3 && n%3 == 1:
					continue outer
				case leave == 4 && n > 4:
					goto end
				case leave == 5 && n > 1:
					defer func() { say(fmt.Sprint("deferred ", n)) }()
				}
				if n%2 == 0 {
					continue
				}
				if n > 6+i {
					break
				}
			}
		}
		return n, "left"
	end:
		return -n, "went"
	}
	for leave := range 6 {
		n, text := plain(leave)
		want := append(slices.Clone(said), fmt.Sprint(n, text))
		said = nil
		n, text = rewritten(leave)
		if got := append(slices.Clone(said), fmt.Sprint(n, text)); !slices.Equal(got, want) {
			t.Errorf("way %d: %q, a plain loop %q", leave, got, want)
		}
		said = nil
	}
}

// TestLoopsAllocateNothing runs loops whose bodies have variables of the function around them.
func TestLoopsAllocateNothing(t *testing.T) {
	ch := make(chan int, 3)
	total := 0
	allocated := testing.AllocsPerRun(100, func() {
		n := 0
		for range gosplice.Loop {
			if n++; n > 10 {
				break
			}
		}
		for range gosplice.While(func() bool { return n > 0 }) {
			n--
		}
		for i := range cap(ch) {
			ch <- i
		}
		for v := range gosplice.Receive(ch) {
			if n += v; len(ch) == 0 {
				break
			}
		}
		total += n
	})
	if allocated != 0 || total == 0 {
		t.Errorf("%v allocations in loops", allocated)
	}
}

// BenchmarkLoop compares a turn of each loop with one of the plain loop, in nanoseconds.
func BenchmarkLoop(b *testing.B) {
	next := 0
	turn := func() { next++ }
	b.Run("plain", func(b *testing.B) {
		n := 0
		for {
			if n++; n > b.N {
				break
			}
			turn()
		}
	})
	b.Run("Loop", func(b *testing.B) {
		n := 0
		for range gosplice.Loop {
			if n++; n > b.N {
				break
			}
			turn()
		}
	})
	b.Run("While", func(b *testing.B) {
		n := 0
		for range gosplice.While(func() bool { return n < b.N }) {
			n++
			turn()
		}
	})
	full := func(n int) chan int {
		ch := make(chan int, n)
		for range n {
			ch <- 1
		}
		close(ch)
		return ch
	}
	b.Run("channel", func(b *testing.B) {
		ch := full(b.N)
		b.ResetTimer()
		for v := range ch {
			next += v
		}
	})
	b.Run("Receive", func(b *testing.B) {
		ch := full(b.N)
		b.ResetTimer()
		for v := range gosplice.Receive(ch) {
			next += v
		}
	})
}
