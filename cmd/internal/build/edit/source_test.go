package edit

import (
	"fmt"
	"testing"
)

// Only goroutines that may stay are worth a warning: what ends soon is no matter for a rollback.
func TestGoroutinesThatMayStay(t *testing.T) {
	const src = `package p

func ends()  { println("done") }
func loops() { for { ends() } }
func waits(c chan int) { <-c }

func f(c chan int, g func(), list []int) {
	%s
}
`
	for body, want := range map[string]int{
		"go ends()": 0,
		"go func() { for i := 0; i < 3; i++ { ends() } }()":     0,
		"go func() { for _, x := range list { println(x) } }()": 0,
		"go loops()":                             1,
		"go waits(c)":                            1,
		"go g()":                                 1,
		"go func() { for range c { ends() } }()": 1,
		"go func() { c <- 1 }(); go ends(); go func() { select {} }()": 2,
	} {
		s, err := parseSource("p", []file{{"p.go", []byte(fmt.Sprintf(src, body))}})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Funcs["f"].Goroutines; got != want {
			t.Errorf("%s: %d goroutines may stay, want %d", body, got, want)
		}
	}
}

// What main starts itself is started once, and what a literal starts that it hands on may be started at any time.
func TestGoroutinesStartedLater(t *testing.T) {
	const src = `package p

func f(c chan int, on func(func())) {
	%s
}
`
	for body, want := range map[string]int{
		"go func() { <-c }()":                       0,
		"go func() { go func() { <-c }() }()":       0,
		"defer func() { go func() { <-c }() }()":    0,
		"on(func() { go func() { <-c }() })":        1,
		"go func() { on(func() { go on(nil) }) }()": 1,
	} {
		s, err := parseSource("p", []file{{"p.go", []byte(fmt.Sprintf(src, body))}})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Funcs["f"].Later; got != want {
			t.Errorf("%s: %d goroutines may be started later, want %d", body, got, want)
		}
	}
}
